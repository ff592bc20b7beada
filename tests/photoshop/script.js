/**
 * RecipeKeyword.jsx in a room without anything newer than ECMAScript 3, on a stand-in for Photoshop's old scripting:
 * files are real files, `app.system` runs real commands, the XMP toolkit is Adobe's.
 */

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const { XMPMeta } = require("./xmp.js");

const FOLDER = path.join(__dirname, "../../api/photoshop");
const NEWER = `
  delete globalThis.JSON; delete globalThis.Map; delete globalThis.Set; delete globalThis.Promise;
  for (const name of ["every", "filter", "find", "forEach", "includes", "indexOf", "map", "reduce", "some"]) delete Array.prototype[name];
  for (const name of ["endsWith", "includes", "padStart", "replaceAll", "startsWith", "trim"]) delete String.prototype[name];
  for (const name of ["assign", "create", "entries", "keys", "values"]) delete Object[name];
`;

/** What ExtendScript does with //@include. */
function source(name = "RecipeKeyword.jsx") {
  const text = fs.readFileSync(path.join(FOLDER, name), "utf8");
  return text.replace(/^\/\/@include "(.+)"$/gm, (_, included) => source(included));
}

/** A File of ExtendScript. */
class File {
  constructor(fsName) {
    this.fsName = fsName;
  }

  open(mode) {
    if (mode === "r") return fs.existsSync(this.fsName);
    fs.writeFileSync(this.fsName, "");
    return true;
  }

  read = () => fs.readFileSync(this.fsName, "utf8");
  write = (text) => fs.appendFileSync(this.fsName, text);
  close = () => true;
  remove = () => fs.rmSync(this.fsName, { force: true });
}

/** An open photo, which looks like a JPEG. */
class Photo {
  xmpMetadata = { rawData: "" };
  copies = [];

  constructor(jpeg) {
    this.jpeg = jpeg;
  }

  duplicate(name, isFlat) {
    const done = [`duplicate ${isFlat}`];
    const note = (step) => (...details) => void done.push([step, ...details].join(" "));
    const copy = {
      done, mode: "CMYK", width: { value: 6000 }, height: { value: 4000 },
      flatten: note("flatten"), changeMode: note("mode"), convertProfile: note("profile"), resizeImage: note("width"),
      saveAs: (file, options) => fs.writeFileSync(file.fsName, this.jpeg),
      close: note("close"),
    };
    this.copies.push(copy);
    return copy;
  }
}

/**
 * Run the script.
 * @param {string} folder for its files.
 * @param {{ settings: string, photo?: Photo, env?: Record<string, string> }} given
 * @returns {{ played: string[], commands: string[], photo: Photo }}
 */
function run(folder, { settings, photo, env = {} }) {
  fs.writeFileSync(path.join(folder, "RecipeKeyword.txt"), settings);
  const seen = { played: [], commands: [], requests: [], photo };
  const app = {
    documents: photo ? [photo] : [], activeDocument: photo, preferences: { rulerUnits: "cm" },
    doAction: (action, set) => seen.played.push(`${set}/${action}`),
    system(command) {
      seen.commands.push(command);
      seen.requests.push(...fs.readdirSync(folder).filter((name) => /request/.test(name)).map((name) => fs.readFileSync(path.join(folder, name), "utf8")));
      return spawnSync(command, { shell: true }).status;
    },
  };
  const room = vm.createContext({
    app, XMPMeta, File, ExternalObject: Object.assign(class {}, { AdobeXMPScript: undefined }), JPEGSaveOptions: class {},
    Folder: { temp: { fsName: folder }, userData: { fsName: folder } }, UnitValue: (value, unit) => `${value}${unit}`,
    $: { os: "Macintosh OS", getenv: (name) => env[name] ?? null },
    Units: { PIXELS: "px" }, DocumentMode: { RGB: "RGB" }, ChangeMode: { RGB: "RGB" }, Extension: { LOWERCASE: 1 },
    Intent: { RELATIVECOLORIMETRIC: 1 }, BitsPerChannelType: { EIGHT: 8 }, SaveOptions: { DONOTSAVECHANGES: "unsaved" },
  });
  vm.runInContext(NEWER, room);
  vm.runInContext(source(), room, { filename: "RecipeKeyword.jsx" });
  return { ...seen, units: app.preferences.rulerUnits };
}

module.exports = { Photo, run, source };
