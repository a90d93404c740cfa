//! The primitives against their standards' vectors; the scripts on top of them against the documentation of App
//! Services and against Node, which has to be on the PATH, as for the end-to-end tests.

use super::{cipher, hash, password};
use rquickjs::prelude::Func;
use rquickjs::{CatchResultExt, Context, Ctx, Function, Object, Runtime, TypedArray, Value};
use std::process::Command;

const KEYS: &str = include_str!("tests/keys.json");
const SAME: &str = include_str!("tests/same.js");
const SIGNATURES: &str = include_str!("tests/signatures.js");

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn hashes_are_those_of_the_standards() {
    // RFC 1321 and FIPS 180-4.
    for (name, digest) in [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "SHA-512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        assert_eq!(hash::digest(name, b"abc").unwrap(), hex(digest), "{name}");
    }
    // RFC 4231, case 2.
    assert_eq!(
        hash::hmac("sha256", b"Jefe", b"what do ya want for nothing?").unwrap(),
        hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    );
    assert_eq!(hash::digest("sha3", b"").unwrap_err().code, "ERR_CRYPTO_INVALID_DIGEST");
}

#[test]
fn keys_from_passwords_are_those_of_the_standards() {
    // RFC 6070.
    assert_eq!(
        password::pbkdf2("sha1", b"password", b"salt", 4096, 20).unwrap(),
        hex("4b007901b765489abead49d926f721d065a429c1")
    );
    // RFC 7914, section 12.
    assert_eq!(password::scrypt(b"password", b"NaCl", 10, 8, 16, 16).unwrap(), hex("fdbabe1c9d3472007856e7190d01e9fe"));
    // `createCipher` of Node 20, which newer versions do not have.
    for (name, key, iv, sealed) in [
        ("aes-256-cbc", 32, 16, "186577da40679dfe3d762698b97db5d5"),
        ("aes192", 24, 16, "87bd0e9fdc079d1d630b05af3c23b690"),
        ("aes-128-ecb", 16, 0, "ed7253496efd695d4042577e9b610a7c"),
        ("aes-256-ctr", 32, 16, "e5ff2bab23016ba6a87e5c63344b"),
    ] {
        let bytes = password::bytes_to_key(b"a password", key + iv);
        assert_eq!(seal(name, &bytes[..key], &bytes[key..], b"attack at dawn"), hex(sealed), "{name}");
    }
}

fn seal(name: &str, key: &[u8], iv: &[u8], data: &[u8]) -> Vec<u8> {
    let mut cipher = cipher::cipher(name, true, key, iv).unwrap();
    let mut sealed = cipher.update(data);
    sealed.extend(cipher.finish().unwrap());
    sealed
}

#[test]
fn ciphers_are_those_of_the_standards() {
    // NIST SP 800-38A, F.1.1, F.2.1 and F.5.1: the first block.
    let key = hex("2b7e151628aed2a6abf7158809cf4f3c");
    let plain = hex("6bc1bee22e409f96e93d7e117393172a");
    for (name, iv, sealed) in [
        ("aes-128-ecb", "", "3ad77bb40d7a3660a89ecaf32466ef97"),
        ("aes-128-cbc", "000102030405060708090a0b0c0d0e0f", "7649abac8119b246cee98e9b12e9197d"),
        ("aes-128-ctr", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "874d6191b620e3261bef6864990db6ce"),
    ] {
        assert_eq!(seal(name, &key, &hex(iv), &plain)[..16], hex(sealed), "{name}");
    }
    // The GCM specification of McGrew and Viega, test case 4.
    let key = hex("feffe9928665731c6d6a8f9467308308");
    let mut cipher = cipher::cipher("aes-128-gcm", true, &key, &hex("cafebabefacedbaddecaf888")).unwrap();
    cipher.additional(&hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")).unwrap();
    let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
    let sealed = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091";
    assert_eq!(cipher.update(&hex(plain)), hex(sealed));
    assert!(cipher.finish().unwrap().is_empty());
    assert_eq!(cipher.tag().unwrap(), hex("5bc94fbc3221a5db94fae95ae7121a47"));
}

#[test]
fn the_globals_do_what_the_documentation_says() {
    in_engine(|ctx| {
        let test: Function<'_> = ctx.eval(include_str!("tests/utils.js")).catch(ctx).unwrap();
        let now: Value<'_> = ctx.eval("Math.floor(Date.now() / 1000)").unwrap();
        test.call::<_, ()>((keys(ctx), now)).catch(ctx).unwrap();
    });
}

#[test]
fn nothing_random_is_drawn_at_deploy() {
    in_engine(|ctx| {
        let test: Function<'_> = ctx.eval(include_str!("tests/deploy.js")).catch(ctx).unwrap();
        let require: Value<'_> = ctx.globals().get("require").unwrap();
        test.call::<_, ()>((require, keys(ctx))).catch(ctx).unwrap();
    });
}

#[test]
fn callbacks_are_called_later() {
    in_engine(|ctx| {
        ctx.eval::<(), _>(
            "globalThis.got = [];
             const crypto = require('crypto');
             crypto.randomBytes(4, (error, bytes) => got.push(error, bytes.length));
             crypto.randomInt(5, 6, (error, number) => got.push(error, number));
             crypto.pbkdf2('password', 'salt', 1, 4, 'sha1', (error, key) => got.push(error, key.toString('hex')));
             crypto.scrypt('', '', 4, { N: 16, r: 1 }, (error, key) => got.push(error, key.toString('hex')));
             crypto.randomFill(require('buffer').Buffer.alloc(2), (error, bytes) => got.push(error, bytes.length));
             if (got.length) throw new Error('at once');",
        )
        .catch(ctx)
        .unwrap();
        while ctx.execute_pending_job() {}
        let got: String = ctx.eval("JSON.stringify(got)").unwrap();
        // RFC 6070 and RFC 7914.
        assert_eq!(got, r#"[null,4,null,5,null,"0c60c80f",null,"77d65762",null,2]"#);
    });
}

#[test]
fn the_built_in_agrees_with_node() {
    let ours = in_engine(|ctx| {
        let same: Function<'_> = ctx.eval(SAME).catch(ctx).unwrap();
        let require: Value<'_> = ctx.globals().get("require").unwrap();
        let results: Value<'_> = same.call((require, keys(ctx))).catch(ctx).unwrap();
        lines(ctx, results)
    });
    let theirs = node(&format!("({SAME})(require, {KEYS}).map((result) => JSON.stringify(result)).join('\\n')"));
    let theirs: Vec<&str> = theirs.lines().collect();
    assert!(theirs.len() > 200, "{theirs:?}");
    assert_eq!(ours.len(), theirs.len());
    let different: Vec<_> = ours.iter().zip(theirs).filter(|(ours, theirs)| ours != theirs).collect();
    assert!(different.is_empty(), "{different:#?}");
}

#[test]
fn signatures_hold_here_and_in_node() {
    let made = node(&format!("JSON.stringify(({SIGNATURES})(require, {KEYS}).make())"));
    let (failed, made) = in_engine(|ctx| {
        let signatures: Function<'_> = ctx.eval(SIGNATURES).catch(ctx).unwrap();
        let require: Value<'_> = ctx.globals().get("require").unwrap();
        let signatures: Object<'_> = signatures.call((require, keys(ctx))).catch(ctx).unwrap();
        let verify: Function<'_> = signatures.get("verify").unwrap();
        let failed: Vec<String> = verify.call((ctx.json_parse(made).unwrap(),)).catch(ctx).unwrap();
        let make: Function<'_> = signatures.get("make").unwrap();
        let made: Value<'_> = make.call(()).catch(ctx).unwrap();
        (failed, ctx.json_stringify(made).unwrap().unwrap().to_string().unwrap())
    });
    assert_eq!(failed, [""; 0], "made by Node");
    let failed = node(&format!("JSON.stringify(({SIGNATURES})(require, {KEYS}).verify({made}))"));
    assert_eq!(failed.trim(), "[]", "made here");
}

fn keys<'js>(ctx: &Ctx<'js>) -> Value<'js> {
    ctx.json_parse(KEYS).unwrap()
}

fn lines<'js>(ctx: &Ctx<'js>, results: Value<'js>) -> Vec<String> {
    let results = results.into_array().unwrap();
    results
        .iter()
        .map(|result| ctx.json_stringify::<Value<'_>>(result.unwrap()).unwrap().unwrap().to_string().unwrap())
        .collect()
}

/// What Node says an expression is.
fn node(expression: &str) -> String {
    let output = Command::new("node").args(["--print", expression]).output().expect("node is on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs in an engine with the prelude that the globals need, and with `require` for the built-ins that
/// `cargo xtask setup` bundles.
fn in_engine<T>(run: impl FnOnce(&Ctx<'_>) -> T) -> T {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| {
        let host = host(&ctx).unwrap();
        let usher = Object::new(ctx.clone()).unwrap();
        for script in [include_str!("../prelude/bson.js"), include_str!("../prelude/utils.js")] {
            let prelude: Function<'_> = ctx.eval(script).catch(&ctx).unwrap();
            prelude.call::<_, ()>((host.clone(), usher.clone())).catch(&ctx).unwrap();
        }
        ctx.globals().set("natives", usher.get::<_, Value<'_>>("natives").unwrap()).unwrap();
        ctx.globals().set("builtin", Func::from(builtin)).unwrap();
        ctx.eval::<(), _>(
            "globalThis.process = { binding: (name) => name === 'usher' ? natives : undefined, env: {}, nextTick: (f, ...a) => queueMicrotask(() => f(...a)) };
             const loaded = {};
             globalThis.require = (name) => {
                 name = name.replace(/^node:/, '');
                 if (!loaded[name]) {
                     const module = loaded[name] = { exports: {} };
                     new Function('module', 'exports', 'require', builtin(name))(module, module.exports, require);
                 }
                 return loaded[name].exports;
             };",
        )
        .catch(&ctx)
        .unwrap();
        run(&ctx)
    })
}

fn builtin(name: String) -> String {
    let path = format!("{}/../../../target/js-builtins/{name}.js", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}; run `cargo xtask setup`"))
}

/// Of the engine's natives, those that these scripts use.
fn host<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    use crate::bytes::copy;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    type Bytes<'js> = TypedArray<'js, u8>;
    fn random(ctx: Ctx<'_>, length: usize) -> rquickjs::Result<Bytes<'_>> {
        let mut bytes = vec![0; length];
        getrandom::fill(&mut bytes).unwrap();
        TypedArray::new(ctx, bytes)
    }
    fn utf8(ctx: Ctx<'_>, text: String) -> rquickjs::Result<Bytes<'_>> {
        TypedArray::new(ctx, text)
    }
    fn from_base64(ctx: Ctx<'_>, text: String) -> rquickjs::Result<Bytes<'_>> {
        TypedArray::new(ctx, STANDARD.decode(text).unwrap())
    }
    fn from_hex(ctx: Ctx<'_>, text: String) -> rquickjs::Result<Bytes<'_>> {
        TypedArray::new(ctx, hex(&text))
    }
    let host = Object::new(ctx.clone())?;
    host.set("crypto", super::natives(ctx)?)?;
    host.set("registerBson", Func::from(|_: Value<'_>| ()))?;
    host.set(
        "touch",
        ctx.eval::<Value<'_>, _>("() => { if (globalThis.deploying) throw new Error('in a call only'); }")?,
    )?;
    host.set("random", Func::from(random))?;
    host.set("utf8", Func::from(utf8))?;
    host.set("text", Func::from(|bytes: Bytes<'_>| String::from_utf8_lossy(&copy(&bytes)).into_owned()))?;
    host.set("base64", Func::from(|bytes: Bytes<'_>| STANDARD.encode(copy(&bytes))))?;
    host.set("fromBase64", Func::from(from_base64))?;
    host.set(
        "hex",
        Func::from(|bytes: Bytes<'_>| copy(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    )?;
    host.set("fromHex", Func::from(from_hex))?;
    Ok(host)
}
