/*
<javascriptresource>
<name>Recipe Keyword</name>
<about>Finds the keyword of the open photo, writes it into its metadata, and plays the action of its pipeline.</about>
<category>recipe</category>
<enableinfo>true</enableinfo>
</javascriptresource>

The same as the plugin's command "Keyword This Document", for Photoshop versions that cannot run the plugin, for
actions, droplets and File > Automate > Batch. Photoshop's old scripts cannot speak HTTPS: curl does, which macOS and
Windows 10 bring along. What goes wrong is thrown as one sentence, so that a batch logs it and goes on.

Settings stand in a text file, RecipeKeyword.txt in the folder that the first error names; one a line:
    address = https://keywords.studio.example
    key = ...                          (or the environment variable RECIPE_API_KEY, which wins)
    min_confidence = 60
    pipeline oven = Studio / Oven      (set / action)
ECMAScript 3, as ExtendScript is: no JSON, no trim, no let.
*/

//@include "merging.js"
//@include "script_settings.jsxinc"
//@include "script_service.jsxinc"

var RECIPE_SHORT_SIDE = 512;
var RECIPE_JPEG_QUALITY = 10;

function recipeMain() {
  if (!app.documents.length) throw new Error("Recipe Keyword: open a photo first.");
  var settings = recipeSettings(recipeRead(recipeSettingsFile()));
  var photo = app.activeDocument;
  var preview = recipeTemporary("preview.jpg");
  try {
    recipePreview(photo, preview);
    var found = recipeAsk(settings, preview);
  } finally {
    preview.remove();
  }
  if (found.written) recipeWrite(photo, found);
  if (settings.routes.hasOwnProperty(found.pipeline)) {
    app.doAction(settings.routes[found.pipeline].action, settings.routes[found.pipeline].set);
  }
  return found;
}

/** A small flat copy in sRGB, 8 bit, as JPEG; the photo itself is not touched. */
function recipePreview(photo, file) {
  var units = app.preferences.rulerUnits;
  app.preferences.rulerUnits = Units.PIXELS;
  var copy = photo.duplicate("Preview for the keyword", true);
  try {
    copy.flatten();
    if (copy.mode !== DocumentMode.RGB) copy.changeMode(ChangeMode.RGB);
    copy.convertProfile("sRGB IEC61966-2.1", Intent.RELATIVECOLORIMETRIC, true, false);
    copy.bitsPerChannel = BitsPerChannelType.EIGHT;
    var scale = Math.min(1, RECIPE_SHORT_SIDE / Math.min(copy.width.value, copy.height.value));
    copy.resizeImage(UnitValue(Math.max(1, Math.round(copy.width.value * scale)), "px"));
    var options = new JPEGSaveOptions();
    options.quality = RECIPE_JPEG_QUALITY;
    copy.saveAs(file, options, true, Extension.LOWERCASE);
  } finally {
    copy.close(SaveOptions.DONOTSAVECHANGES);
    app.preferences.rulerUnits = units;
    app.activeDocument = photo;
  }
}

function recipeWrite(photo, found) {
  if (ExternalObject.AdobeXMPScript === undefined) ExternalObject.AdobeXMPScript = new ExternalObject("lib:AdobeXMPScript");
  XMPMeta.registerNamespace(RECIPE_NS, RECIPE_PREFIX);
  var meta = new XMPMeta(photo.xmpMetadata.rawData);
  if (recipeMerge(meta, new XMPMeta(found.xmp), found.keyword)) photo.xmpMetadata.rawData = meta.serialize();
}

/* Files */

function recipeTemporary(name) {
  return new File(Folder.temp.fsName + "/recipe-" + new Date().getTime() + "-" + name);
}

function recipeRead(file) {
  file.encoding = "UTF-8";
  if (!file.open("r")) return "";
  var text = file.read();
  file.close();
  return text;
}

function recipeSave(file, text) {
  file.encoding = "UTF-8";
  file.lineFeed = "Unix";
  if (!file.open("w")) throw new Error("Recipe Keyword: cannot write " + file.fsName + ".");
  file.write(text);
  file.close();
}

if (typeof app !== "undefined") recipeMain();
