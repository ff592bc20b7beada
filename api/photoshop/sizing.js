/**
 * What travels to the service: how large a preview is, and which files are small enough to be sent as they are.
 * Making the preview needs Photoshop and is `photoshop_document`'s subject.
 */

const SHORT_SIDE = 512;
const LONG_SIDE = 2048;
const LARGEST_FILE = 32 * 1024 * 1024;
const AS_THEY_ARE = /\.(jpe?g|png|tiff?|webp|heic|heif)$/i;

/**
 * The size of the preview of a photo, in pixels: twice what the service looks at, and never larger than the photo.
 * @param {number} width of the photo.
 * @param {number} height of the photo.
 */
function previewSize(width, height) {
  const scale = Math.min(1, SHORT_SIDE / Math.min(width, height), LONG_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Whether the service can read a file that Photoshop need not open first. @param {number} size in bytes. */
const isSentAsItIs = (name, size) => AS_THEY_ARE.test(name) && size <= LARGEST_FILE;

module.exports = { isSentAsItIs, previewSize };
