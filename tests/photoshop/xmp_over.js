/**
 * `uxp.xmp` for tests: Adobe's documented XMPMeta and XMPFile over Adobe's own toolkit, which `xmp_toolkit.py` runs.
 * Runs under Node and in a browser; how a call reaches the toolkit is given.
 *
 * @param {(method: string, ...parameters: any[]) => any} call synchronous, as in Photoshop.
 */
function xmpOver(call) {
  class XMPMeta {
    constructor(packet = "") {
      this.handle = typeof packet === "number" ? packet : call("parse", packet);
    }

    static registerNamespace = (uri, prefix) => call("register_namespace", uri, prefix);
    doesPropertyExist = (uri, name) => call("does_property_exist", this.handle, uri, name);
    getProperty = (uri, name) => wrapped(call("get_property", this.handle, uri, name));
    setProperty = (uri, name, value) => call("set_property", this.handle, uri, name, value);
    deleteProperty = (uri, name) => call("delete_property", this.handle, uri, name);
    countArrayItems = (uri, name) => call("count_array_items", this.handle, uri, name);
    getArrayItem = (uri, name, place) => wrapped(call("get_array_item", this.handle, uri, name, place));
    deleteArrayItem = (uri, name, place) => call("delete_array_item", this.handle, uri, name, place);
    appendArrayItem = (uri, name, value, item = 0, array = 0) =>
      call("append_array_item", this.handle, uri, name, value, item, array);
    serialize = () => call("serialize", this.handle);
  }

  const wrapped = (value) => (value === null ? undefined : { value });

  /** Constants of the toolkit's header XMP_Const.h. */
  const XMPConst = { FILE_UNKNOWN: 0x20202020, OPEN_FOR_UPDATE: 2, OPEN_USE_SMART_HANDLER: 0x20, CLOSE_UPDATE_SAFELY: 1 };

  class XMPFile {
    constructor(file, _format, flags) {
      this.handle = call("open_file", file, flags);
    }

    getXMP() {
      const handle = call("get_xmp", this.handle);
      return handle ? new XMPMeta(handle) : null;
    }

    canPutXMP = (meta) => call("can_put_xmp", this.handle, meta.handle);
    putXMP = (meta) => call("put_xmp", this.handle, meta.handle);
    closeFile = (flags) => call("close_file", this.handle, flags);
  }

  return { XMPConst, XMPFile, XMPMeta };
}

if (typeof module !== "undefined") module.exports = { xmpOver };
