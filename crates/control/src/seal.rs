//! Encryption of secrets at rest: AES-256-GCM under keys that only the hosts are given.

use std::fmt;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of a nonce. A random one for each secret that is written: with fewer than 2^32 of them under one key, none
/// repeats.
const NONCE_BYTES: usize = 12;

/// The keys that secrets are encrypted under. The first encrypts; all of them decrypt, so that a new key can take over
/// from an older one.
#[derive(Clone, Default)]
pub struct Keyring(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: String,
    cipher: Box<Aes256Gcm>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Keyring {
    /// Keys as they are written on a command line or in a file: 32 bytes in base64 each, the one to encrypt with first,
    /// separated by commas or white space.
    ///
    /// # Errors
    /// What is wrong, without a word of any key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        let key = |(index, word): (usize, &str)| {
            let bytes = BASE64_STANDARD.decode(word).ok().filter(|bytes| bytes.len() == KEY_BYTES);
            let bytes = bytes.ok_or_else(|| {
                let place = index + 1;
                format!("encryption key {place} is not {KEY_BYTES} bytes in base64; `usher secrets new-key` makes one")
            })?;
            Key::new(&bytes).ok_or_else(|| format!("encryption key {} cannot be used", index + 1))
        };
        Ok(Self(words.enumerate().map(key).collect::<Result<_, _>>()?))
    }

    /// A new key, as [`Keyring::parse`] reads it.
    pub fn new_key() -> String {
        BASE64_STANDARD.encode(rand::random::<[u8; KEY_BYTES]>())
    }

    /// The id of the key that encrypts; `None` where there is none.
    pub fn id(&self) -> Option<&str> {
        self.0.first().map(|key| key.id.as_str())
    }

    /// Encrypts a text for one place, and gives the key's id and the sealed bytes; `None` without a key. Elsewhere
    /// than at that place the bytes mean nothing.
    pub(crate) fn seal(&self, place: &str, text: &str) -> Option<(String, Vec<u8>)> {
        let key = self.0.first()?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let sealed = key.cipher.encrypt(&Nonce::from(nonce), payload).ok()?;
        Some((key.id.clone(), [nonce.as_slice(), &sealed].concat()))
    }

    /// The text that was sealed for this place; `None` where its key is not at hand, or something is not as it was.
    pub(crate) fn open(&self, key: &str, place: &str, sealed: &[u8]) -> Option<String> {
        let key = self.0.iter().find(|known| known.id == key)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let text = key.cipher.decrypt(&Nonce::from(*nonce), payload).ok()?;
        String::from_utf8(text).ok()
    }
}

impl Key {
    fn new(bytes: &[u8]) -> Option<Self> {
        let id = hex::encode(&Sha256::digest([b"usher encryption key ".as_slice(), bytes].concat())[..8]);
        Some(Self { id, cipher: Box::new(Aes256Gcm::new_from_slice(bytes).ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_at_its_place_only() {
        let ring = Keyring::parse(&Keyring::new_key()).unwrap();
        let (key, sealed) = ring.seal("app/name", "hunter2").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(ring.open(&key, "app/name", &sealed).as_deref(), Some("hunter2"));
        assert_eq!(ring.open(&key, "app/other", &sealed), None);
        assert_eq!(ring.open("0000000000000000", "app/name", &sealed), None);
        for bit in [0, sealed.len() / 2, sealed.len() - 1] {
            let mut bent = sealed.clone();
            bent[bit] ^= 1;
            assert_eq!(ring.open(&key, "app/name", &bent), None);
        }
        assert_ne!(ring.seal("app/name", "hunter2").unwrap().1, sealed, "each has a nonce of its own");
    }

    #[test]
    fn an_older_key_opens_and_the_first_seals() {
        let (old, new) = (Keyring::new_key(), Keyring::new_key());
        let (key, sealed) = Keyring::parse(&old).unwrap().seal("p", "text").unwrap();
        let both = Keyring::parse(&format!("{new},\n{old}\n")).unwrap();
        assert_eq!(both.open(&key, "p", &sealed).as_deref(), Some("text"));
        assert_ne!(both.id(), Some(key.as_str()));
        assert_eq!(Keyring::parse(&new).unwrap().open(&key, "p", &sealed), None);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        for bad in ["hunter2", "aHVudGVyMg==", "!!!"] {
            let refusal = Keyring::parse(bad).unwrap_err();
            assert!(refusal.contains("new-key") && !refusal.contains(bad), "{refusal}");
        }
        assert_eq!(Keyring::parse(" \n").unwrap().id(), None);
    }
}
