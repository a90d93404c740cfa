//! BSON written like JSON, read without ever failing: what is missing is made up, what makes no sense is skipped.
//!
//! - `{key: value, …}` is a document; keys may repeat, quotes around them are optional.
//! - `[value, …]` is an array; `(key: value, …)` is an array whose keys are spelled, which no honest client sends.
//! - `"text"`, `/pattern/`, `1`, `1.5` and the words of [`Reader::word`] are values; any other word is a string.
//! - `#`, a length of two bytes and that many bytes are BSON as it stands, whole or broken.

use crate::scopes::{ME, OTHER};

/// Nesting beyond the limit of 100 that the guard has to refuse, and well within the stack of the reader.
const LEVELS: usize = 120;

/// Reads one part of an operation after the other.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    pub fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// Whether nothing but space is left.
    pub fn is_empty(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    /// The next document or array in its binary form; no bytes where there is none.
    pub fn part(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        match self.peek() {
            None => {}
            Some(b'#') => {
                self.rest = &self.rest[1..];
                out.extend_from_slice(self.raw());
            }
            Some(open @ (b'{' | b'[' | b'(')) => {
                self.rest = &self.rest[1..];
                self.elements(open == b'[', &mut out, 0);
            }
            Some(_) => self.elements(false, &mut out, 0),
        }
        out
    }

    /// The next text, quoted or a word.
    pub fn text(&mut self) -> String {
        match self.peek() {
            Some(b'"') => self.quoted(b'"'),
            _ => self.bare(),
        }
    }

    fn skip(&mut self) {
        let space = self.rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
        self.rest = &self.rest[space..];
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip();
        self.rest.first().copied()
    }

    /// Everything up to the end of the document or array that has just begun.
    fn elements(&mut self, numbered: bool, out: &mut Vec<u8>, level: usize) {
        let start = out.len();
        out.extend([0; 4]);
        let mut index = 0_usize;
        while let Some(next) = self.peek() {
            if matches!(next, b'}' | b']' | b')') {
                self.rest = &self.rest[1..];
                break;
            }
            let key = if numbered { index.to_string() } else { self.key() };
            index += 1;
            self.value(&key, out, level);
        }
        out.push(0);
        let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }

    fn key(&mut self) -> String {
        let key = self.text().replace('\0', "");
        if self.peek() == Some(b':') {
            self.rest = &self.rest[1..];
        }
        key
    }

    fn value(&mut self, key: &str, out: &mut Vec<u8>, level: usize) {
        let kind = out.len();
        out.push(0x0A);
        out.extend_from_slice(key.as_bytes());
        out.push(0);
        out[kind] = match self.peek() {
            None | Some(b'}' | b']' | b')') => 0x0A,
            Some(open @ (b'{' | b'[' | b'(')) => {
                self.rest = &self.rest[1..];
                if level == LEVELS {
                    return;
                }
                self.elements(open == b'[', out, level + 1);
                if open == b'{' { 0x03 } else { 0x04 }
            }
            Some(b'"') => string(out, &self.quoted(b'"')),
            Some(b'/') => {
                let pattern = self.quoted(b'/').replace('\0', "");
                out.extend_from_slice(pattern.as_bytes());
                out.extend_from_slice(b"\0i\0");
                0x0B
            }
            Some(b'-' | b'0'..=b'9') => number(out, &self.bare()),
            Some(b'#') => {
                self.rest = &self.rest[1..];
                out.extend_from_slice(self.raw());
                0x03
            }
            Some(_) => self.word(out, level),
        };
    }

    /// The words with a meaning; gives the type of what was written.
    fn word(&mut self, out: &mut Vec<u8>, level: usize) -> u8 {
        match self.bare().as_str() {
            "null" => 0x0A,
            "undefined" => 0x06,
            "min" => 0xFF,
            "max" => 0x7F,
            truth @ ("true" | "false") => {
                out.push((truth == "true").into());
                0x08
            }
            // The caller's id as text and as an ObjectId, then somebody else's.
            "me" => string(out, ME),
            "my" => object_id(out, ME),
            "you" => string(out, OTHER),
            "your" => object_id(out, OTHER),
            "code" => {
                string(out, "1");
                0x0D
            }
            "scoped" if level < LEVELS => {
                if self.peek() == Some(b'{') {
                    self.rest = &self.rest[1..];
                }
                let start = out.len();
                out.extend([0; 4]);
                string(out, "1");
                self.elements(false, out, level + 1);
                let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
                out[start..start + 4].copy_from_slice(&length.to_le_bytes());
                0x0F
            }
            "symbol" => {
                string(out, "s");
                0x0E
            }
            "pointer" => {
                string(out, "other.users");
                object_id(out, OTHER);
                0x0C
            }
            "date" => {
                out.extend([0; 8]);
                0x09
            }
            "decimal" => {
                out.extend([0; 16]);
                0x13
            }
            "binary" => {
                out.extend([1, 0, 0, 0, 0, 7]);
                0x05
            }
            other => string(out, other),
        }
    }

    fn quoted(&mut self, quote: u8) -> String {
        let inside = &self.rest[1..];
        let end = inside.iter().position(|byte| *byte == quote).unwrap_or(inside.len());
        self.rest = inside.get(end + 1..).unwrap_or_default();
        String::from_utf8_lossy(&inside[..end]).into_owned()
    }

    fn bare(&mut self) -> String {
        self.skip();
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",:{}[]()\"".contains(byte);
        // One byte at least, so that reading always comes to an end.
        let end = self.rest.iter().skip(1).position(ends).map_or(self.rest.len(), |end| end + 1);
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        String::from_utf8_lossy(word).into_owned()
    }

    fn raw(&mut self) -> &'a [u8] {
        let (length, rest) = self.rest.split_first_chunk::<2>().unwrap_or((&[0; 2], &[]));
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (raw, rest) = rest.split_at(length);
        self.rest = rest;
        raw
    }
}

fn string(out: &mut Vec<u8>, text: &str) -> u8 {
    let length = u32::try_from(text.len() + 1).unwrap_or(u32::MAX);
    out.extend(length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    out.push(0);
    0x02
}

fn object_id(out: &mut Vec<u8>, hex: &str) -> u8 {
    let pairs = hex.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    out.extend(pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()));
    0x07
}

fn number(out: &mut Vec<u8>, digits: &str) -> u8 {
    if let Ok(small) = digits.parse::<i32>() {
        out.extend(small.to_le_bytes());
        return 0x10;
    }
    if let Ok(large) = digits.parse::<i64>() {
        out.extend(large.to_le_bytes());
        return 0x12;
    }
    out.extend(digits.parse::<f64>().unwrap_or(f64::NAN).to_le_bytes());
    0x01
}

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::scopes::ME;
    use bson::{Bson, doc, oid::ObjectId};

    #[test]
    fn reads_what_it_describes() {
        let mut reader = Reader::new(b"{a: 1, \"b c\": [1.5 -7, me my] c: {$x: null}} {d: /p/} #\x05\x00\x05\0\0\0\0");
        let id = ObjectId::parse_str(ME).unwrap();
        let first = doc! {"a": 1, "b c": [1.5, -7, ME, id], "c": {"$x": null}};
        assert_eq!(bson::Document::from_reader(reader.part().as_slice()).unwrap(), first);
        let second = bson::Document::from_reader(reader.part().as_slice()).unwrap();
        assert!(matches!(second.get("d"), Some(Bson::RegularExpression(_))));
        assert_eq!(reader.part(), [5, 0, 0, 0, 0]);
        assert!(reader.is_empty());
    }

    #[test]
    fn every_type_is_bson() {
        let words = b"{a:min b:max c:undefined d:true e:code f:scoped {g:1} h:symbol i:pointer j:date k:decimal \
                      l:binary m:(x:1) n:99999999999 o:you p:your";
        let bytes = Reader::new(words).part();
        let raw = usher_contract::value::document(&bytes).unwrap();
        assert_eq!(raw.iter().count(), 15);
        assert!(bson::Document::try_from(raw).is_ok());
    }
}
