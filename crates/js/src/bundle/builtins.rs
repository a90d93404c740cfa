//! Node's own modules: those that are embedded, and those that cannot work in a sandbox.

/// The embedded ones as `(name, source)`, in order of their names; see `crates/js/builtins`.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

const SOCKETS: &str = "it opens sockets; functions reach the network with context.http, fetch, https or axios";
const THREADS: &str = "it starts threads; every call of a function has a sandbox with one";
const ENGINE: &str = "it reaches into an engine that is not there";

/// Those that cannot work, and why.
const UNSUPPORTED: [(&str, &str); 27] = [
    ("async_hooks", ENGINE),
    ("child_process", "it starts programs; a sandbox has none"),
    ("cluster", THREADS),
    ("dgram", SOCKETS),
    ("dns", SOCKETS),
    ("dns/promises", SOCKETS),
    ("domain", ENGINE),
    ("http2", SOCKETS),
    ("inspector", ENGINE),
    ("inspector/promises", ENGINE),
    ("module", ENGINE),
    ("net", SOCKETS),
    ("path/win32", ENGINE),
    ("readline", "it reads from a terminal; a sandbox has none"),
    ("readline/promises", "it reads from a terminal; a sandbox has none"),
    ("repl", "it reads from a terminal; a sandbox has none"),
    ("sea", ENGINE),
    ("sqlite", "it opens files; a sandbox has none"),
    ("stream/consumers", ENGINE),
    ("stream/web", ENGINE),
    ("test", ENGINE),
    ("tls", SOCKETS),
    ("trace_events", ENGINE),
    ("v8", ENGINE),
    ("vm", ENGINE),
    ("wasi", ENGINE),
    ("worker_threads", THREADS),
];
/// Those that exist only with `node:` in front.
const PREFIXED: [&str; 3] = ["sea", "sqlite", "test"];

/// One of Node's own modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builtin {
    /// It works here.
    Embedded { name: &'static str, source: &'static str },
    /// It cannot work here.
    Unsupported { name: &'static str, because: &'static str },
}

impl Builtin {
    /// The one that a specifier names, with or without `node:`.
    pub(super) fn find(specifier: &str) -> Option<Self> {
        let name = specifier.strip_prefix("node:").unwrap_or(specifier);
        // The older name of the same.
        let name = if name == "sys" { "util" } else { name };
        if let Ok(index) = EMBEDDED.binary_search_by_key(&name, |(name, _)| name) {
            let (name, source) = EMBEDDED[index];
            return Some(Self::Embedded { name, source });
        }
        let (name, because) = *UNSUPPORTED.iter().find(|(unsupported, _)| *unsupported == name)?;
        (!PREFIXED.contains(&name) || specifier.starts_with("node:")).then_some(Self::Unsupported { name, because })
    }

    /// The one that a path means which esbuild left alone: a package like `punycode/`, which is the polyfill of a
    /// built-in, is the built-in.
    pub(super) fn find_external(path: &str) -> Option<Self> {
        let bare = path.strip_suffix(".js").unwrap_or(path);
        let bare = ["/", "/index", "/browser"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
        Self::find(bare)
    }
}

/// Every name, for esbuild to leave alone.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let unsupported = UNSUPPORTED.iter().map(|(name, _)| *name).filter(|name| !PREFIXED.contains(name));
    EMBEDDED.iter().map(|(name, _)| *name).chain(unsupported)
}

/// The script that stands for a module that cannot work, where a package asks for it and may do without: it fails when
/// it is required, or, `lazily`, when something of it is used.
pub(super) fn stand_in(name: &str, because: &str, lazily: bool) -> String {
    let message = format!("Node's {name:?} cannot work in a sandbox: {because}");
    if lazily { fails_in_use(&message) } else { format!("throw {};", error(&message)) }
}

/// The script that stands for a package that is not there yet: it fails when something of it is used.
pub(super) fn absent(specifier: &str) -> String {
    fails_in_use(&format!("Cannot find module '{specifier}'"))
}

fn error(message: &str) -> String {
    format!("Object.assign(new Error({message:?}), {{ code: \"MODULE_NOT_FOUND\" }})")
}

fn fails_in_use(message: &str) -> String {
    let fail = error(message);
    // What compilers ask of any module is answered, so that whoever requires it loads.
    format!(
        "const fail = () => {{ throw {fail}; }};\n\
         module.exports = new Proxy(function () {{}}, {{\n  \
         get: (target, name) => (typeof name === \"symbol\" || name === \"__esModule\" || name === \"default\" || \
         name === \"prototype\" ? target[name] : fail()),\n  apply: fail,\n  construct: fail,\n}});\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_complete() {
        assert!(EMBEDDED.is_sorted_by_key(|(name, _)| *name), "the look-up is a binary search");
        for wanted in [
            "assert",
            "buffer",
            "constants",
            "events",
            "fs",
            "http",
            "https",
            "os",
            "path",
            "process",
            "punycode",
            "querystring",
            "stream",
            "string_decoder",
            "timers",
            "url",
            "util",
            "zlib",
        ] {
            assert!(matches!(Builtin::find(wanted), Some(Builtin::Embedded { .. })), "{wanted}");
        }
    }

    #[test]
    fn names_are_found_in_each_form() {
        assert_eq!(Builtin::find("node:buffer"), Builtin::find("buffer"));
        assert!(matches!(Builtin::find("node:net"), Some(Builtin::Unsupported { name: "net", .. })));
        assert_eq!(Builtin::find("punycode/"), None, "with a slash it is the package");
        assert_eq!(Builtin::find_external("punycode/"), Builtin::find("punycode"));
        assert_eq!(Builtin::find_external("process/browser.js"), Builtin::find("process"));
        assert_eq!(Builtin::find("test"), None, "without node: it is a package");
        assert!(Builtin::find("node:test").is_some());
        assert_eq!(Builtin::find("axios"), None);
    }
}
