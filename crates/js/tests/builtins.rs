//! The built-in modules, each doing what packages ask of it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::Fixture;
use serde_json::{Value, json};

/// What a function body gives.
fn given(body: &str) -> Value {
    let mut app = Fixture::new(&[("functions/f.js", &format!("exports = async () => {{ {body} }};"))]);
    serde_json::from_str(&app.run("f", "0")).unwrap()
}

#[test]
fn buffer_reads_and_writes() {
    let body = "const { Buffer } = require('buffer');
        const made = Buffer.concat([Buffer.from('68c3a9', 'hex'), Buffer.from('bGxv', 'base64'), Buffer.alloc(2)]);
        made.writeUInt16BE(0x2121, made.length - 2);
        return [made.toString(), made.toString('latin1', 0, 3), Buffer.byteLength('é'), Buffer.isBuffer(made),
            made.equals(Buffer.from('héllo!!')), JSON.parse(JSON.stringify(Buffer.from([1]))),
            Buffer.from('_-8', 'base64url').toString('hex')];";
    let expected = json!(["héllo!!", "h\u{c3}\u{a9}", 2, true, true, { "type": "Buffer", "data": [1] }, "ffef"]);
    assert_eq!(given(body), expected);
}

#[test]
fn util_formats_promises_and_inherits() {
    let body = "const util = require('util');
        function Old() {} function New() {} util.inherits(New, Old);
        return [util.format('%s is %d: %j', 'a', 1, { b: 2 }), util.inspect({ a: [1, new Map([[1, 2]])] }),
            await util.promisify((x, done) => done(null, x + 1))(1), new New() instanceof Old,
            util.isDeepStrictEqual({ a: [1] }, { a: [1] }), util.isDeepStrictEqual([1], ['1']),
            util.types.isRegExp(/x/), new util.TextEncoder().encode('é').length,
            await new Promise((done) => util.callbackify(async () => 5)((error, value) => done(value)))];";
    let inspected = "{ a: [ 1, [Map] ] }";
    let result = given(body);
    assert_eq!(result[0], "a is 1: {\"b\":2}");
    assert!(result[1].as_str().unwrap().starts_with("{ a: [ 1, "), "{result}, such as {inspected}");
    assert_eq!(
        result.as_array().unwrap()[2..],
        [json!(2), json!(true), json!(true), json!(false), json!(true), json!(2), json!(5)]
    );
}

#[test]
fn assert_tells_what_differs() {
    let body = "const assert = require('assert');
        const told = [];
        for (const check of [() => assert.strictEqual(1, 2), () => assert.deepEqual({ a: 1 }, { a: 1 }), () => assert(0, 'no')]) {
            try { check(); told.push('fine'); } catch (error) { told.push(error.name, error.code); }
        }
        return told;";
    assert_eq!(given(body), json!(["AssertionError", "ERR_ASSERTION", "fine", "AssertionError", "ERR_ASSERTION"]));
}

#[test]
fn events_reach_their_listeners() {
    let body = "const EventEmitter = require('events');
        class Own extends EventEmitter {}
        const own = new Own(), seen = [];
        own.once('x', (value) => seen.push(value)); own.on('x', (value) => seen.push(-value));
        own.emit('x', 1); own.emit('x', 2);
        const later = EventEmitter.once(own, 'y'); own.emit('y', 3);
        return [...seen, ...(await later), require('node:events').EventEmitter === EventEmitter];";
    assert_eq!(given(body), json!([1, -1, -2, 3, true]));
}

#[test]
fn streams_flow() {
    let body = "const { Readable, Transform, PassThrough, pipeline } = require('stream');
        const { pipeline: promised } = require('stream/promises');
        const upper = new Transform({ transform(part, encoding, done) { done(null, String(part).toUpperCase()); } });
        let text = '';
        for await (const part of Readable.from(['a', 'b']).pipe(upper)) text += part;
        const through = new PassThrough(); let length = 0;
        through.on('data', (part) => { length += part.length; });
        await promised(Readable.from([Buffer.from('xyz')]), through);
        await new Promise((done, fail) => pipeline(Readable.from(['q']), new PassThrough().resume(), (e) => e ? fail(e) : done()));
        return [text, length];";
    assert_eq!(given(body), json!(["AB", 3]));
}

#[test]
fn zlib_packs_and_unpacks() {
    let body = "const zlib = require('zlib'); const text = 'x'.repeat(1000);
        const packed = zlib.gzipSync(text);
        const both = await new Promise((done) => zlib.deflate(text, (e, data) => zlib.inflate(data, (e, back) => done([data.length < 100, back.toString() === text]))));
        let streamed = ''; const gunzip = zlib.createGunzip(); gunzip.end(packed);
        for await (const part of gunzip) streamed += part;
        let code; try { zlib.gunzipSync(Buffer.from('not packed')); } catch (error) { code = error.code; }
        return [packed.length < 100, zlib.gunzipSync(packed).length, ...both, streamed === text, code, zlib.constants.Z_OK];";
    assert_eq!(given(body), json!([true, 1000, true, true, true, "Z_DATA_ERROR", 0]));
}

#[test]
fn requests_go_over_fetch() {
    let body = "const https = require('https');
        const sent = await new Promise((done, fail) => {
            const request = https.request({ hostname: 'api.example.com', path: '/x?y=1', method: 'POST', headers: { 'X-Key': 'k', Host: 'other' }, auth: 'a:b' }, (response) => {
                let text = ''; response.setEncoding('utf8');
                response.on('data', (part) => { text += part; });
                response.on('end', () => done([response.statusCode, response.headers['content-type'], JSON.parse(text)]));
            });
            request.on('error', fail); request.write('he'); request.end('llo');
        });
        const got = await new Promise((done) => require('http').get('http://one.example:8080/p', async (response) => {
            let text = ''; for await (const part of response) text += part; done(JSON.parse(text).url);
        }));
        return [...sent, got];";
    assert_eq!(
        given(body),
        json!([
            201,
            "application/json",
            {
                "url": "https://api.example.com/x?y=1", "method": "POST", "body": "hello",
                "headers": { "x-key": "k", "authorization": "Basic YTpi" },
            },
            "http://one.example:8080/p"
        ])
    );
}

#[test]
fn small_modules_do_their_part() {
    let body = "const url = require('url'), { StringDecoder } = require('string_decoder'), os = require('os'), fs = require('fs');
        const decoder = new StringDecoder('utf8');
        const text = decoder.write(Buffer.from([0xc3])) + decoder.write(Buffer.from([0xa9]));
        let code; try { fs.readFileSync('/etc/passwd'); } catch (error) { code = error.code; }
        const callback = await new Promise((done) => fs.stat('/x', (error) => done(error.code)));
        return [url.parse('http://a.b/c?d=1', true).query.d, url.resolve('http://a/b/c', '../d'), text, os.EOL, code, callback,
            fs.existsSync('/'), require('punycode').toASCII('mañana.com'), require('process').cwd(), require('constants').R_OK,
            await require('timers/promises').setTimeout(1, 'late'), require('tty').isatty(1), require('path').posix.basename('/a/b.js', '.js'),
            typeof require('perf_hooks').performance.now(), require('assert/strict').strictEqual(1, 1) === undefined];";
    assert_eq!(
        given(body),
        json!([
            "1",
            "http://a/d",
            "é",
            "\n",
            "ENOENT",
            "ENOENT",
            false,
            "xn--maana-pta.com",
            "/",
            4,
            "late",
            false,
            "b",
            "number",
            true
        ])
    );
}
