// A file system in which no file exists, so that what looks for one carries on without.
function missing(operation, path) {
  const error = new Error(`ENOENT: no such file or directory, ${operation} '${path}' (functions have no file system)`);
  return Object.assign(error, { code: "ENOENT", errno: -2, syscall: operation, path: String(path) });
}

const operations = [
  "access", "appendFile", "chmod", "chown", "copyFile", "lstat", "mkdir", "mkdtemp", "open", "opendir", "readFile",
  "readdir", "readlink", "realpath", "rename", "rm", "rmdir", "stat", "symlink", "truncate", "unlink", "utimes",
  "writeFile",
];
const promises = {};
const fs = {
  promises,
  constants: { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64 },
  existsSync: () => false,
  exists: (_path, callback) => setTimeout(callback, 0, false),
  createReadStream(path) { throw missing("open", path); },
  createWriteStream(path) { throw missing("open", path); },
  watch(path) { throw missing("watch", path); },
};
for (const name of operations) {
  promises[name] = async (path) => { throw missing(name, path); };
  fs[name] = (path, ...rest) => {
    const callback = rest[rest.length - 1];
    if (typeof callback === "function") setTimeout(callback, 0, missing(name, path));
  };
  fs[name + "Sync"] = (path) => { throw missing(name, path); };
}
fs.realpath.native = fs.realpath;
fs.realpathSync.native = fs.realpathSync;

module.exports = fs;
