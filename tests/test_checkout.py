"""The commit of the code, in checkouts of every kind, made by git itself."""

import subprocess
from pathlib import Path

from recipe_assets.checkout import git_sha


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_of_the_code_is_known_in_every_kind_of_checkout(tmp_path: Path) -> None:
    """After `git gc` and in a linked worktree it was not."""
    checkout, beside = tmp_path / "checkout", tmp_path / "beside"
    checkout.mkdir()
    assert git_sha(checkout) is None
    git(checkout, "init", "-q")
    assert git_sha(checkout) is None
    git(checkout, "commit", "-q", "--allow-empty", "-m", "first")
    sha = git(checkout, "rev-parse", "HEAD")
    assert len(sha) == 40
    assert git_sha(checkout) == sha
    git(checkout, "pack-refs", "--all")
    assert git_sha(checkout) == sha
    git(checkout, "worktree", "add", "-q", "--detach", str(beside))
    assert git_sha(beside) == sha
    (checkout / "inside").mkdir()
    assert git_sha(checkout / "inside") is None
