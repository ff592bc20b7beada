/**
 * What can go wrong between the page and the service, as far as the page acts differently on it.
 * The message of each is a sentence for a person.
 */

/** The service said no to this photo; others may do well. */
export class RefusedError extends Error {
  /**
   * @param {number} status of the answer; 0 if the browser itself refused.
   * @param {string} message the service's own sentence.
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The service does not answer, or keeps saying "later": nothing is wrong with the photo. */
export class AwayError extends Error {}

/** The service wants an API key, or another than it got. */
export class KeyError extends Error {}

/** Whether work was ended on purpose. */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";
