//! GCM over the crates' counter mode and GHASH: the crate for GCM wants all of the data at once and an IV of a length
//! known to the compiler, while scripts feed pieces and often use 16 bytes. (NIST SP 800-38D.)

use super::cipher::{BLOCK, Cipher};
use super::{Error, Result};
use aes::cipher::consts::U16;
use aes::cipher::{BlockCipher, BlockEncrypt, KeyInit, KeyIvInit, StreamCipher};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use subtle::ConstantTimeEq;

/// The length of an IV in bytes that needs no hashing, and that everybody should use.
pub(super) const IV: usize = 12;

pub(super) struct Gcm {
    stream: Box<dyn StreamCipher>,
    hash: GHash,
    mask: [u8; BLOCK],
    encrypt: bool,
    /// Ciphertext that does not fill a block yet.
    pending: Vec<u8>,
    additional: u64,
    length: u64,
    expected: Option<Vec<u8>>,
    tag: Option<Vec<u8>>,
}

impl Gcm {
    pub(super) fn new<A>(encrypt: bool, key: &[u8], iv: &[u8]) -> Gcm
    where
        A: BlockCipher<BlockSize = U16> + BlockEncrypt + KeyInit + 'static,
    {
        let mut subkey = aes::Block::default();
        A::new(key.into()).encrypt_block(&mut subkey);
        let hash = GHash::new(&subkey);
        let mut counter = aes::Block::default();
        if iv.len() == IV {
            counter[..IV].copy_from_slice(iv);
            counter[BLOCK - 1] = 1;
        } else {
            let mut hash = hash.clone();
            hash.update_padded(iv);
            hash.update(&[lengths(0, iv.len() as u64).into()]);
            counter = hash.finalize();
        }
        let mut stream = ctr::Ctr32BE::<A>::new(key.into(), &counter);
        // The first block of the key stream masks the tag.
        let mut mask = [0; BLOCK];
        stream.apply_keystream(&mut mask);
        let stream = Box::new(stream);
        Gcm { stream, hash, mask, encrypt, pending: Vec::new(), additional: 0, length: 0, expected: None, tag: None }
    }

    fn absorb(&mut self, ciphertext: &[u8]) {
        self.length += ciphertext.len() as u64;
        self.pending.extend_from_slice(ciphertext);
        let whole = self.pending.len() - self.pending.len() % BLOCK;
        self.hash.update_padded(&self.pending[..whole]);
        self.pending.drain(..whole);
    }
}

/// Both lengths in bits, as GHASH takes them.
fn lengths(additional: u64, data: u64) -> [u8; BLOCK] {
    ((u128::from(additional * 8) << 64) | u128::from(data * 8)).to_be_bytes()
}

impl Cipher for Gcm {
    fn update(&mut self, data: &[u8]) -> Vec<u8> {
        let mut output = data.to_vec();
        self.stream.apply_keystream(&mut output);
        self.absorb(if self.encrypt { &output } else { data });
        output
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        let mut hash = self.hash.clone();
        hash.update_padded(&self.pending);
        hash.update(&[lengths(self.additional, self.length).into()]);
        let tag: Vec<u8> = hash.finalize().iter().zip(self.mask).map(|(hash, mask)| hash ^ mask).collect();
        if self.encrypt {
            self.tag = Some(tag);
            return Ok(Vec::new());
        }
        let authentic = self.expected.as_ref().is_some_and(|expected| tag[..expected.len()].ct_eq(expected).into());
        let message = "Unsupported state or unable to authenticate data: the key, IV, tag or data is not right";
        if authentic { Ok(Vec::new()) } else { Err(Error::new("ERR_CRYPTO_INVALID_STATE", message)) }
    }

    fn additional(&mut self, data: &[u8]) -> Result<()> {
        if self.additional > 0 || self.length > 0 {
            return Err(Error::new("ERR_CRYPTO_INVALID_STATE", "additional data is set once, before any other data"));
        }
        self.additional = data.len() as u64;
        self.hash.update_padded(data);
        Ok(())
    }

    fn tag(&self) -> Result<Vec<u8>> {
        let early = || Error::new("ERR_CRYPTO_INVALID_STATE", "there is a tag only after final()");
        self.tag.clone().ok_or_else(early)
    }

    fn expect(&mut self, tag: &[u8]) -> Result<()> {
        // The lengths that SP 800-38D allows.
        if !matches!(tag.len(), 4 | 8 | 12..=16) {
            let message = format!("Invalid authentication tag length: {}", tag.len());
            return Err(Error::new("ERR_CRYPTO_INVALID_AUTH_TAG", message));
        }
        self.expected = Some(tag.to_vec());
        Ok(())
    }
}
