/**
 * What can go wrong, as far as the plugin acts differently on it. Each message is a sentence for a person.
 * Who shows it, and what happens next, is not decided here.
 */

/** The service said no to this photo; others may do well. */
class RefusedError extends Error {
  /**
   * @param {number} status of the answer.
   * @param {string} message the service's own sentence.
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The service does not answer, or keeps saying "later": nothing is wrong with the photo. */
class AwayError extends Error {}

/** The service wants an API key, or another than it got. */
class KeyError extends Error {}

/** A setting cannot be used. */
class SettingError extends Error {}

/** A person ended the work. */
class CancelledError extends Error {
  constructor() {
    super("Cancelled.");
  }
}

/** Whether an error holds for all photos, so that going on with the next one makes no sense. */
const holdsForAll = (error) =>
  [AwayError, KeyError, SettingError, CancelledError].some((kind) => error instanceof kind);

module.exports = { AwayError, CancelledError, KeyError, RefusedError, SettingError, holdsForAll };
