"""Checkpoints of 32 pixels that know nothing, real in form: CLIP, SigLIP, and SigLIP 2 with Gemma's tokenizer."""

import io
from pathlib import Path

import sentencepiece
import tokenizers
import torch
from tokenizers import models, normalizers, trainers
from transformers import CLIPConfig, CLIPModel, GemmaTokenizer, SiglipConfig, SiglipModel, SiglipTokenizer

from recipe_assets.model.checkpoints import BaseModel, save_base
from recipe_assets.model.families import Tokenizer
from recipe_assets.model.tokenizer import train_tokenizer
from recipe_assets.release.manifest import BaseCheckpoint
from recipe_assets.studio.photos import Preprocessing

TEXTS = [
    "a photo of a frying pan.", "a photo of an oven tray.", "köttbullar", "a red square",
    "a green square seen from above",
    "a blue square on a wooden kitchen table", "a studio product photo of a pot", "a cooking step, photographed",
]  # fmt: skip
SIGLIP_SPEC = Preprocessing(size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
IMAGE = {"image_size": 32, "patch_size": 16}
NOWHERE = BaseCheckpoint("untrained", None, None)


def write_clip(folder: Path) -> Path:
    tokenizer = train_tokenizer(TEXTS[:3], 600)
    sizes = {"vocab_size": len(tokenizer), "max_position_embeddings": 40, "projection_dim": 32}
    text = TOWER | sizes | _special(tokenizer)
    vision = TOWER | IMAGE | {"projection_dim": 32}
    torch.manual_seed(7)
    clip = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=32)).eval()
    return _write(BaseModel(clip, tokenizer, Preprocessing(size=32), NOWHERE), folder, "mit")


def write_siglip(folder: Path) -> Path:
    """SigLIP with a SentencePiece vocabulary as its own: padding 0, end 1, unknown 2, no start."""
    folder.mkdir(parents=True)
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 20), model_writer=written, vocab_size=54,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2,
    )  # fmt: skip
    (folder / "spiece.model").write_bytes(written.getvalue())
    return _write_siglip(SiglipTokenizer(str(folder / "spiece.model")), folder)


def write_siglip2(folder: Path) -> Path:
    """SigLIP 2: the same towers with Gemma's tokenizer, which pads left and keeps capitals."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    learner = tokenizers.Tokenizer(models.BPE(unk_token="<unk>"))
    learner.normalizer = normalizers.Replace(" ", "▁")
    capitals = [text.upper() for text in TEXTS]
    learner.train_from_iterator(
        TEXTS + capitals, trainers.BpeTrainer(vocab_size=150, special_tokens=special, show_progress=False)
    )
    vocabulary = learner.get_vocab(with_added_tokens=True)
    return _write_siglip(
        GemmaTokenizer(vocab=vocabulary, merges=[], add_bos_token=False, add_eos_token=True), folder
    )


def write_vit_b_32(folder: Path) -> Path:
    """The real shape of CLIP's ViT-B/32, random, in float16: 300 MB, written in less than a second."""
    tokenizer = train_tokenizer(TEXTS[:3], 600)
    torch.manual_seed(7)
    clip = CLIPModel(CLIPConfig(text_config=_special(tokenizer))).half()
    return _write(BaseModel(clip, tokenizer, Preprocessing(), NOWHERE), folder, "mit")


def _special(tokenizer: Tokenizer) -> dict[str, int]:
    return {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}


def _write_siglip(tokenizer: Tokenizer, folder: Path) -> Path:
    text = TOWER | {"vocab_size": len(tokenizer), "max_position_embeddings": 24} | _special(tokenizer)
    torch.manual_seed(7)
    siglip = SiglipModel(SiglipConfig(text_config=text, vision_config=TOWER | IMAGE)).eval()
    with torch.no_grad():  # as trained ones have it; new ones start at 0, where a wrong scale would not show
        siglip.logit_scale.fill_(4.7)
        siglip.logit_bias.fill_(-12.9)
    return _write(BaseModel(siglip, tokenizer, SIGLIP_SPEC, NOWHERE), folder, "apache-2.0")


def _write(base: BaseModel, folder: Path, licence: str) -> Path:
    save_base(base, folder)
    (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n# Nothing learned\n", encoding="utf-8")
    return folder
