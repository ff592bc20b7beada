/**
 * From the packet that the service returns to the metadata of a photo: what a person wrote stays, what we wrote
 * before is replaced, and the record of what is ours comes along. The same rules as the service's "replace-ours".
 *
 * Plain old JavaScript (ECMAScript 3) on purpose: UXP loads it as a module, RecipeKeyword.jsx includes it as it is.
 * Both hosts give objects with the same methods, Adobe's XMPMeta.
 */

var RECIPE_DC = "http://purl.org/dc/elements/1.1/";
var RECIPE_NS = "https://recipe-classifier.dev/xmp/1.0/";
var RECIPE_PREFIX = "recipe:";
var RECIPE_SIMPLE = ["releaseId", "confidence", "modelName", "writtenAt"];
var RECIPE_WRITTEN = "writtenKeywords";
/** Confidences that differ by no more are the same: a second look at the same photo must not change it. */
var RECIPE_ROUNDING = 0.05;
/** XMPConst.ARRAY_IS_UNORDERED of the XMP toolkit, an rdf:Bag. */
var RECIPE_BAG = 0x200;

/** The words of an array. @param meta an XMPMeta. */
function recipeWords(meta, namespace, name) {
  var words = [];
  var number = meta.doesPropertyExist(namespace, name) ? meta.countArrayItems(namespace, name) : 0;
  for (var place = 1; place <= number; place += 1) words.push(String(meta.getArrayItem(namespace, name, place).value));
  return words;
}

/** What a photo says of the keywords that we wrote. */
function recipeRecord(meta) {
  var record = { keywords: recipeWords(meta, RECIPE_NS, RECIPE_WRITTEN) };
  for (var i = 0; i < RECIPE_SIMPLE.length; i += 1) {
    var found = meta.doesPropertyExist(RECIPE_NS, RECIPE_SIMPLE[i]) && meta.getProperty(RECIPE_NS, RECIPE_SIMPLE[i]);
    record[RECIPE_SIMPLE[i]] = found ? String(found.value) : null;
  }
  return record;
}

/**
 * Put what the service found into a photo's metadata.
 * @param meta the XMPMeta of the photo.
 * @param packet the XMPMeta of what the service returned.
 * @param keyword what the service found.
 * @returns {boolean} whether anything changed; a second time it does not.
 */
function recipeMerge(meta, packet, keyword) {
  var now = recipeRecord(meta);
  var found = recipeRecord(packet);
  var isPersons = recipeHas(recipeWords(meta, RECIPE_DC, "subject"), keyword) && !recipeHas(now.keywords, keyword);
  if (isPersons) found = { keywords: [] };
  var removed = recipeRemove(meta, now.keywords, keyword);
  var added = recipeAdd(meta, keyword);
  var recorded = !recipeSame(now, found);
  if (recorded) recipeWriteRecord(meta, found);
  return removed || added || recorded;
}

/**
 * Put a person's word into a photo's metadata: ours goes, and if it is the same word, it is a person's from now on.
 * @returns {boolean} whether anything changed.
 */
function recipeChoose(meta, keyword) {
  var now = recipeRecord(meta);
  var removed = recipeRemove(meta, now.keywords, keyword);
  var added = recipeAdd(meta, keyword);
  var recorded = now.keywords.length > 0 || now.releaseId !== null;
  if (recorded) recipeWriteRecord(meta, { keywords: [] });
  return removed || added || recorded;
}

/** Take these words out of dc:subject, but for one. */
function recipeRemove(meta, words, kept) {
  var present = recipeWords(meta, RECIPE_DC, "subject");
  var changed = false;
  for (var place = present.length; place >= 1; place -= 1) {
    if (present[place - 1] !== kept && recipeHas(words, present[place - 1])) {
      meta.deleteArrayItem(RECIPE_DC, "subject", place);
      changed = true;
    }
  }
  return changed;
}

function recipeAdd(meta, keyword) {
  if (recipeHas(recipeWords(meta, RECIPE_DC, "subject"), keyword)) return false;
  meta.appendArrayItem(RECIPE_DC, "subject", keyword, 0, RECIPE_BAG);
  return true;
}

function recipeSame(now, found) {
  if (now.keywords.length !== found.keywords.length) return false;
  for (var i = 0; i < now.keywords.length; i += 1) if (now.keywords[i] !== found.keywords[i]) return false;
  if (!found.keywords.length) return now.releaseId === null;
  var close = Math.abs(Number(now.confidence) - Number(found.confidence)) <= RECIPE_ROUNDING;
  return close && now.releaseId === found.releaseId && now.modelName === found.modelName;
}

function recipeWriteRecord(meta, record) {
  meta.deleteProperty(RECIPE_NS, RECIPE_WRITTEN);
  for (var i = 0; i < record.keywords.length; i += 1) {
    meta.appendArrayItem(RECIPE_NS, RECIPE_WRITTEN, record.keywords[i], 0, RECIPE_BAG);
  }
  for (var k = 0; k < RECIPE_SIMPLE.length; k += 1) {
    var value = record[RECIPE_SIMPLE[k]];
    meta.deleteProperty(RECIPE_NS, RECIPE_SIMPLE[k]);
    if (value !== null && value !== undefined) meta.setProperty(RECIPE_NS, RECIPE_SIMPLE[k], value);
  }
}

function recipeHas(words, word) {
  for (var i = 0; i < words.length; i += 1) if (words[i] === word) return true;
  return false;
}

if (typeof module !== "undefined") {
  module.exports = { NS: RECIPE_NS, PREFIX: RECIPE_PREFIX, choose: recipeChoose, merge: recipeMerge, record: recipeRecord };
}
