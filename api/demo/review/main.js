/**
 * Puts the review page together: the deck of photos, the outbox of answers, and the views that follow them.
 */

import { announce } from "../announce.js";
import { byId, setText } from "../dom.js";
import { KeyError } from "../errors.js";
import { Keys } from "../keys.js";
import { tell, untell } from "../notices.js";
import { Service } from "../service.js";
import { Choices } from "./choices.js";
import { Deck } from "./deck.js";
import { listen } from "./keyboard.js";
import { newId, Outbox } from "./outbox.js";
import { Patient } from "./patient.js";
import { Person } from "./person.js";
import { PhotoView, spoken } from "./photo.js";
import { Prepared } from "./pictures.js";
import { Standing } from "./standing.js";

const PAGE_SIZE = "10";
const PREPARED = 6;
const LOOK_AGAIN_MS = 20_000;
const AWAY = "The service does not answer. Your answers wait here, and go when it does.";

const keys = new Keys();
const service = new Service(() => keys.current);
const person = new Person();
const outbox = new Outbox((answer) => service.send("review/answers", answer));
const standing = new Standing(service, outbox);
const pictures = new Prepared(service);
const choices = new Choices(answer);
const view = new PhotoView(pictures, answer);
const deck = new Deck(load, outbox.answers.filter(({ keyword }) => keyword));
const patient = new Patient(() => deck.advance(), keys, complain);
let said = "";
let trouble = null;

/** What the service asks about next; a photo remembers which release guessed. */
async function load(after) {
  const query = new URLSearchParams({ by: person.name, limit: PAGE_SIZE, ...(after ? { after } : {}) });
  const page = await service.read(`review/queue?${query}`);
  choices.offer(page.keywords);
  standing.show(page.progress);
  return { ...page, photos: page.photos.map((photo) => ({ ...photo, release_id: page.release_id })) };
}

async function next() {
  if (!person.name) return showEmpty();
  if (!(await patient.go())) return undefined;
  if (!outbox.trouble) untell("away");
  return deck.current ? undefined : showEmpty();
}

function answer(keyword) {
  const photo = deck.current;
  if (!photo || !view.ready) return;
  outbox.add(about(photo, keyword));
  deck.settle(keyword, person.name);
  choices.leave();
  said = `${keyword}. `;
  void next();
}

function undo() {
  const last = deck.lastOf(person.name);
  if (!last) return;
  const { photo, keyword } = last;
  said = `${keyword} taken back. `;
  outbox.add(about(photo, ""));
  deck.undo();
}

function skip() {
  if (!deck.current) return;
  said = "Skipped. ";
  deck.skip();
  choices.leave();
  void next();
}

function about(photo, keyword) {
  const { shoot, file, sha256, release_id, predictions: [first] } = photo;
  return {
    answer_id: newId(), shoot, file, sha256, keyword, by: person.name, release_id,
    shown_keyword: first?.keyword ?? null, shown_confidence: first?.confidence ?? null,
  };
}

function show() {
  const photo = deck.current;
  showUndo();
  byId("desk").hidden = !photo;
  byId("empty").hidden = Boolean(photo);
  if (!photo) return;
  untell("counts");
  view.show(photo);
  announce(said + spoken(photo));
  said = "";
  pictures.prepare(deck.coming.slice(0, PREPARED).map(({ picture }) => picture));
}

function showUndo() {
  const last = deck.lastOf(person.name);
  for (const id of ["undo", "empty-undo"]) byId(id).disabled = !last;
  byId("empty-undo").hidden = !last;
  setText(byId("undo-what"), last ? `Undo ${last.keyword}` : "Undo");
}

function showEmpty() {
  const named = person.name !== "";
  byId("empty").hidden = false;
  showUndo();
  setText(byId("empty-title"), named ? "Every photo is answered" : "Photos wait for somebody who knows them");
  setText(byId("empty-why"), named
    ? "Photos come here when the model is not sure of them, or when their keyword looks wrong."
    : "Say who you are, and decide one photo after the other.");
  setText(byId("empty-button"), named ? "Look again" : "Begin");
  if (named) announce(`${said}Every photo is answered.`);
  said = "";
}

function complain(trouble) {
  if (trouble instanceof KeyError) {
    tell("key", "The service asks for an API key. Your answers wait here.", { problem: true });
    keys.ask(trouble.message);
  } else {
    tell("away", AWAY, { problem: true });
  }
}

/** Say why nothing goes out, once, and that it goes again. */
function follow() {
  if (outbox.trouble === trouble) return;
  trouble = outbox.trouble;
  if (trouble) complain(trouble);
  else if (!patient.waiting) untell("away");
}

/** Whoever takes an answer back learns that another person's counts: the photo need not be answered again. */
function hear({ detail: [answer, { counts }] }) {
  if (answer.keyword || !counts || !deck.settleByOthers(answer)) return;
  tell("counts", `${counts.by} answered ${counts.keyword} for ${answer.file}, and that counts. Skip the photo, or answer it anew.`);
}

deck.addEventListener("change", show);
outbox.addEventListener("sent", hear);
outbox.addEventListener("change", follow);
outbox.addEventListener("refused", ({ detail: [{ file, keyword }, error] }) => {
  tell("refused", `The answer ${keyword || "taken back"} for ${file} was not taken: ${error.message}`, { problem: true });
});
keys.addEventListener("saved", () => {
  untell("key");
  void outbox.start();
});
person.addEventListener("changed", () => {
  showUndo();
  void next();
});
byId("undo").addEventListener("click", undo);
byId("empty-undo").addEventListener("click", undo);
byId("skip").addEventListener("click", skip);
byId("drop").addEventListener("click", () => answer("drop"));
byId("empty-button").addEventListener("click", () => (person.name ? void next() : person.ask()));
listen({
  undo, skip, drop: () => answer("drop"), find: () => choices.find(),
  guess: (place) => deck.current?.predictions[place - 1] && answer(deck.current.predictions[place - 1].keyword),
  letter: (key) => choices.keyed(key) && answer(choices.keyed(key)),
});
setInterval(() => !deck.current && person.name && !document.hidden && void next(), LOOK_AGAIN_MS);
window.addEventListener("beforeunload", (event) => {
  if (outbox.answers.length && !outbox.keeps) event.preventDefault();
});
void outbox.start();
void next();
if (!person.name) person.ask();
