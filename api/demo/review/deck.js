/**
 * The photos in front of a person: the one being looked at, those that come next, those skipped or just answered.
 * Asks for more in time. Knows nothing of keywords, pictures or the page.
 */

const LOW = 4;
const REMEMBERED = 30;
const KEPT_AS = "recipe-review-answered";

/**
 * @typedef {{ id: string, shoot: string, file: string, sha256: string, reason: string, detail: string,
 *   label: string | null, picture: string, predictions: { keyword: string, confidence: number }[],
 *   nearest: { shoot: string, file: string, keyword: string, similarity: number, picture: string }[] }} Photo
 * @typedef {{ photos: Photo[], next: string | null }} Page
 */

/** Events: "change" when `current` did. */
export class Deck extends EventTarget {
  /** @type {Photo | null} */
  current = null;
  /** @type {Photo[]} */
  #coming = [];
  /** @type {Photo[]} */
  #skipped = [];
  /** @type {{ photo: Photo, keyword: string, by: string }[]} */
  #answered = remembered();
  /** What is answered, whether the service knows it yet or not. */
  #settled;
  #after = null;
  #ended = false;
  #loading = null;
  #load;

  /**
   * @param {(after: string | null) => Promise<Page>} load
   * @param {{ shoot: string, file: string, sha256: string }[]} settled photos whose answers are still on their way.
   */
  constructor(load, settled = []) {
    super();
    this.#load = load;
    this.#settled = new Set(settled.map(nameOf));
  }

  /** The photos that come next, for whoever wants to prepare them. */
  get coming() {
    return this.#coming;
  }

  /** The last answer, if it is this person's to take back, or null. @param {string} by */
  lastOf(by) {
    const last = this.#answered.at(-1);
    return last && (last.by ?? by) === by ? last : null; // what an older page remembered says nobody's name
  }

  /** How many photos were skipped and not shown again since. */
  get skipped() {
    return this.#skipped.length;
  }

  /** Show the next photo, loading more where there are few; nothing is left if `current` is null afterwards. */
  async advance() {
    if (!this.current && !this.#coming.length) await this.more();
    if (!this.current && this.#coming.length) this.#show(this.#coming.shift());
    else if (!this.current) this.#show(this.#skipped.shift() ?? null);
    if (this.#coming.length < LOW && !this.#ended) void this.more().catch(() => {}); // asked again when it is needed
  }

  /** Load what follows, or from the start once the end was reached. */
  async more() {
    this.#loading ??= this.#fetch().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** The current photo was answered by somebody; `advance` brings the next. */
  settle(keyword, by) {
    const photo = this.current;
    this.#settled.add(nameOf(photo));
    this.#answered.push({ photo, keyword, by });
    this.#remember();
    this.current = null;
  }

  /**
   * Another person's answer counts for this photo: it does not come again.
   * @returns {boolean} whether it is the one being looked at, which stays.
   */
  settleByOthers(photo) {
    const name = nameOf(photo);
    this.#settled.add(name);
    for (const photos of [this.#coming, this.#skipped]) {
      const place = photos.findIndex((one) => nameOf(one) === name);
      if (place >= 0) photos.splice(place, 1);
    }
    return this.current !== null && nameOf(this.current) === name;
  }

  /** The current photo is for later; `advance` brings the next. */
  skip() {
    if (!this.#settled.has(nameOf(this.current))) this.#skipped.push(this.current);
    this.current = null;
  }

  /** Bring back the photo that was answered last; the one being looked at comes after it. */
  undo() {
    const last = this.#answered.pop();
    this.#settled.delete(nameOf(last.photo));
    this.#remember();
    if (this.current) this.#coming.unshift(this.current);
    this.#show(last.photo);
    return last;
  }

  async #fetch() {
    const page = await this.#load(this.#ended ? null : this.#after);
    const here = [this.current, ...this.#coming, ...this.#skipped].filter(Boolean).map(nameOf);
    const known = new Set([...here, ...this.#settled]);
    this.#coming.push(...page.photos.filter((photo) => !known.has(nameOf(photo))));
    this.#after = page.next;
    this.#ended = page.next === null;
  }

  #show(photo) {
    this.current = photo;
    this.dispatchEvent(new Event("change"));
  }

  #remember() {
    this.#answered = this.#answered.slice(-REMEMBERED);
    try {
      sessionStorage.setItem(KEPT_AS, JSON.stringify(this.#answered));
    } catch {
      // no room: what was answered before a reload cannot be taken back then, and nothing else is lost
    }
  }
}

/** What tells photos apart: answers on their way carry it, too. */
const nameOf = ({ shoot, file, sha256 }) => JSON.stringify([shoot, file, sha256]);

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "[]");
  } catch {
    return [];
  }
}
