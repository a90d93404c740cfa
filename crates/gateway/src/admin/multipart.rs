//! A body with a file, as forms send it (`multipart/form-data`, RFC 7578).

use crate::errors::ApiError;

/// The part `file`.
///
/// # Errors
/// Where the body is no form, or has no such part.
pub(super) fn file<'a>(content_type: &str, body: &'a [u8]) -> Result<&'a [u8], ApiError> {
    let malformed = |why: &str| {
        ApiError::bad_request(format!("send the archive as multipart/form-data, in a part named file: {why}"))
    };
    let boundary = boundary(content_type).ok_or_else(|| malformed("the request's Content-Type is another"))?;
    // The first delimiter need not follow a line break, all others do.
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut rest = body.strip_prefix(&delimiter[2..]).or_else(|| after(body, &delimiter));
    while let Some(part) = rest.and_then(|rest| rest.strip_prefix(b"\r\n")) {
        let (part, following) = split(part, &delimiter).ok_or_else(|| malformed("the body broke off"))?;
        let (head, content) = match part.strip_prefix(b"\r\n") {
            Some(content) => (&b""[..], content),
            None => split(part, b"\r\n\r\n").ok_or_else(|| malformed("a part has no end of its headers"))?,
        };
        if is_file(&String::from_utf8_lossy(head)) {
            return Ok(content);
        }
        rest = Some(following);
    }
    Err(malformed("there is none"))
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    let is_form = kind.trim().eq_ignore_ascii_case("multipart/form-data");
    let boundary = parameters.split(';').find_map(|it| parameter(it, "boundary"))?;
    (is_form && !boundary.is_empty()).then_some(boundary)
}

fn is_file(head: &str) -> bool {
    let disposition = head.lines().filter_map(|line| line.split_once(':'));
    let mut disposition = disposition.filter(|(name, _)| name.eq_ignore_ascii_case("content-disposition"));
    let parameters = disposition.next().map(|(_, text)| text).unwrap_or_default();
    parameters.split(';').find_map(|it| parameter(it, "name")) == Some("file")
}

/// The value of `name=value` or `name="value"`.
fn parameter<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let (name, value) = text.trim().split_once('=')?;
    name.eq_ignore_ascii_case(wanted).then(|| value.trim_matches('"'))
}

/// What stands before and after the first place of a pattern.
fn split<'a>(text: &'a [u8], pattern: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(pattern.len()).position(|window| window == pattern)?;
    Some((&text[..at], &text[at + pattern.len()..]))
}

fn after<'a>(text: &'a [u8], pattern: &[u8]) -> Option<&'a [u8]> {
    split(text, pattern).map(|(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "multipart/form-data; boundary=b1";

    fn found(content_type: &str, body: &str) -> Result<String, String> {
        let found = file(content_type, body.as_bytes());
        found.map(|it| String::from_utf8_lossy(it).into_owned()).map_err(|error| error.message.into_owned())
    }

    #[test]
    fn the_file_is_found_among_parts_and_given_to_the_byte() {
        let head = "Content-Disposition: form-data; name=\"file\"; filename=\"n.zip\"\r\nContent-Type: x/y";
        let other = "Content-Disposition: form-data; name=\"name\"";
        for body in [
            format!("--b1\r\n{head}\r\n\r\na\r\n--b\n\r\n--b1--\r\n"),
            format!("--b1\r\n{other}\r\n\r\nx\r\n--b1\r\n{head}\r\n\r\na\r\n--b\n\r\n--b1--"),
            format!("preamble\r\n--b1\r\n\r\nno headers\r\n--b1\r\n{head}\r\n\r\na\r\n--b\n\r\n--b1--"),
        ] {
            assert_eq!(found(FORM, &body).as_deref(), Ok("a\r\n--b\n"), "{body}");
            assert_eq!(found("Multipart/Form-Data; charset=x; boundary=\"b1\"", &body).as_deref(), Ok("a\r\n--b\n"));
        }
    }

    #[test]
    fn what_is_no_form_with_a_file_is_refused_with_why() {
        let head = "Content-Disposition: form-data; name=\"file\"";
        for (content_type, body, why) in [
            ("", "", "Content-Type"),
            ("application/json", "{}", "Content-Type"),
            ("multipart/form-data", "--b1--", "Content-Type"),
            ("multipart/mixed; boundary=b1", "--b1--", "Content-Type"),
            (FORM, "", "there is none"),
            (FORM, "--b1--", "there is none"),
            (FORM, &format!("--b1\r\n{head}\r\n\r\nx"), "broke off"),
            (FORM, &format!("--b1\r\n{head}\r\n--b1--"), "end of its headers"),
            (FORM, "--b1\r\nContent-Disposition: form-data; name=\"files\"\r\n\r\nx\r\n--b1--", "there is none"),
        ] {
            assert!(found(content_type, body).unwrap_err().contains(why), "{content_type} {body:?}");
        }
    }
}
