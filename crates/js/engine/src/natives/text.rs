//! Text and bytes, Extended JSON, decimals: what is faster or surer in Rust.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bson::{Bson, Document};
use rquickjs::prelude::{Func, Opt};
use rquickjs::{Ctx, Exception, Object, Result, TypedArray, Value};
use usher_contract::value;

use crate::bytes::{self, Text};
use crate::state::{decode, encode};

pub(super) fn add<'js>(host: &Object<'js>) -> Result<()> {
    host.set("ejsonStringify", Func::from(stringify))?;
    host.set("ejsonParse", Func::from(parse))?;
    host.set("decimalFromString", Func::from(decimal_from))?;
    host.set("decimalToString", Func::from(decimal_to))?;
    host.set("utf8", Func::from(|ctx: Ctx<'js>, Text(text): Text| TypedArray::<u8>::new(ctx, text)))?;
    host.set(
        "text",
        Func::from(|bytes: TypedArray<'js, u8>| String::from_utf8_lossy(&bytes::copy(&bytes)).into_owned()),
    )?;
    host.set("base64", Func::from(|bytes: TypedArray<'js, u8>| STANDARD.encode(bytes::copy(&bytes))))?;
    host.set("fromBase64", Func::from(from_base64))?;
    host.set("hex", Func::from(|bytes: TypedArray<'js, u8>| hex::encode(bytes::copy(&bytes))))?;
    host.set("fromHex", Func::from(from_hex))
}

fn wrong(ctx: &Ctx<'_>, message: impl std::fmt::Display) -> rquickjs::Error {
    Exception::throw_syntax(ctx, &message.to_string())
}

fn stringify<'js>(ctx: Ctx<'js>, value: Value<'js>, relaxed: Opt<bool>) -> Result<Option<String>> {
    let bytes = encode(&ctx, |encoder| encoder.result(&value))?;
    let mut document = Document::from_reader(&bytes[..]).map_err(|error| wrong(&ctx, error))?;
    let Some(value) = document.remove("result") else { return Ok(None) };
    let json = match relaxed.0.unwrap_or(false) {
        true => value.into_relaxed_extjson(),
        false => value::to_extended_json(value),
    };
    Ok(Some(json.to_string()))
}

fn parse<'js>(ctx: Ctx<'js>, Text(text): Text) -> Result<Value<'js>> {
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(&ctx, error))?;
    let value = value::from_extended_json(json).map_err(|failure| wrong(&ctx, failure.message))?;
    let mut document = Document::new();
    document.insert("value", value);
    let bytes = value::bytes(&document).map_err(|failure| wrong(&ctx, failure.message))?;
    decode(&ctx, |decoder| decoder.bytes(&bytes))?.get("value")
}

fn decimal_from(ctx: Ctx<'_>, text: String) -> Result<TypedArray<'_, u8>> {
    let decimal: bson::Decimal128 = text.parse().map_err(|_| wrong(&ctx, format!("not a Decimal128: {text}")))?;
    TypedArray::new_copy(ctx, decimal.bytes())
}

fn decimal_to(ctx: Ctx<'_>, bytes: TypedArray<'_, u8>) -> Result<String> {
    let bytes: [u8; 16] = bytes::copy(&bytes).try_into().map_err(|_| wrong(&ctx, "a Decimal128 has 16 bytes"))?;
    Ok(Bson::Decimal128(bson::Decimal128::from_bytes(bytes)).to_string())
}

fn from_base64(ctx: Ctx<'_>, text: String) -> Result<TypedArray<'_, u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(&text).or_else(|_| STANDARD_NO_PAD.decode(&text));
    TypedArray::new(ctx.clone(), bytes.map_err(|error| wrong(&ctx, format!("not base64: {error}")))?)
}

fn from_hex(ctx: Ctx<'_>, text: String) -> Result<TypedArray<'_, u8>> {
    let bytes = hex::decode(&text).map_err(|error| wrong(&ctx, format!("not hexadecimal: {error}")))?;
    TypedArray::new(ctx, bytes)
}
