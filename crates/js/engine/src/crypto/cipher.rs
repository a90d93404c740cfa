//! AES in the modes CBC, ECB, CTR and GCM, fed piece by piece.

use super::bytes::{Bytes, array};
use super::gcm::Gcm;
use super::{Answer, Error, Result};
use aes::cipher::block_padding::{Pkcs7, RawPadding};
use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipher, BlockDecrypt, BlockDecryptMut, BlockEncrypt, BlockEncryptMut, KeyInit, KeyIvInit, StreamCipher,
};
use aes::{Aes128, Aes192, Aes256, Block};
use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object};
use std::cell::RefCell;
use std::rc::Rc;

/// Length of a block in bytes.
pub(super) const BLOCK: usize = 16;

/// A cipher at work, in one direction.
pub(super) trait Cipher {
    /// Takes input, and gives what output is certain by now.
    fn update(&mut self, data: &[u8]) -> Vec<u8>;
    /// Gives the rest.
    fn finish(&mut self) -> Result<Vec<u8>>;
    /// Whether the last block is padded (PKCS #7). Only whole blocks can be.
    fn set_padding(&mut self, _on: bool) {}
    /// Takes data that is authenticated only.
    fn additional(&mut self, _data: &[u8]) -> Result<()> {
        Err(unauthenticated())
    }
    /// The tag of what was encrypted.
    fn tag(&self) -> Result<Vec<u8>> {
        Err(unauthenticated())
    }
    /// The tag that what is decrypted has to have.
    fn expect(&mut self, _tag: &[u8]) -> Result<()> {
        Err(unauthenticated())
    }
}

fn unauthenticated() -> Error {
    Error::new("ERR_CRYPTO_INVALID_STATE", "only ciphers of mode gcm have a tag and additional data")
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Cbc,
    Ecb,
    Ctr,
    Gcm,
}

/// Key length in bytes, and mode, of a name such as `aes-256-cbc`, `AES256` or `id-aes128-GCM`.
fn named(name: &str) -> Option<(usize, Mode)> {
    let plain = name.to_ascii_lowercase().replace('-', "");
    let rest = plain.strip_prefix("id").unwrap_or(&plain).strip_prefix("aes")?;
    let (bits, mode) = rest.split_at_checked(3)?;
    let key = match bits {
        "128" => 16,
        "192" => 24,
        "256" => 32,
        _ => return None,
    };
    let mode = match mode {
        "" | "cbc" => Mode::Cbc,
        "ecb" => Mode::Ecb,
        "ctr" => Mode::Ctr,
        "gcm" => Mode::Gcm,
        _ => return None,
    };
    Some((key, mode))
}

/// Makes a cipher.
pub(super) fn cipher(name: &str, encrypt: bool, key: &[u8], iv: &[u8]) -> Result<Box<dyn Cipher>> {
    let (length, mode) = named(name).ok_or_else(|| {
        let message =
            format!("unknown cipher {name:?}: there are aes-128, aes-192 and aes-256 with -cbc, -ctr, -ecb or -gcm");
        Error::new("ERR_CRYPTO_UNKNOWN_CIPHER", message)
    })?;
    if key.len() != length {
        let message =
            format!("Invalid key length: {name} needs a key of {length} bytes, and this one has {}", key.len());
        return Err(Error::new("ERR_CRYPTO_INVALID_KEYLEN", message));
    }
    let needed = match mode {
        Mode::Cbc | Mode::Ctr => iv.len() == BLOCK,
        Mode::Ecb => iv.is_empty(),
        Mode::Gcm => !iv.is_empty(),
    };
    if !needed {
        let message = format!("Invalid initialization vector: {name} does not take one of {} bytes", iv.len());
        return Err(Error::new("ERR_CRYPTO_INVALID_IV", message));
    }
    Ok(match length {
        16 => in_mode::<Aes128>(mode, encrypt, key, iv),
        24 => in_mode::<Aes192>(mode, encrypt, key, iv),
        _ => in_mode::<Aes256>(mode, encrypt, key, iv),
    })
}

/// The lengths are right, so making keys from slices cannot panic.
fn in_mode<A>(mode: Mode, encrypt: bool, key: &[u8], iv: &[u8]) -> Box<dyn Cipher>
where
    A: BlockCipher<BlockSize = U16> + BlockEncrypt + BlockDecrypt + KeyInit + 'static,
{
    let blocks: Box<dyn Blocks> = match (mode, encrypt) {
        (Mode::Cbc, true) => Box::new(Encrypts(cbc::Encryptor::<A>::new(key.into(), iv.into()))),
        (Mode::Cbc, false) => Box::new(Decrypts(cbc::Decryptor::<A>::new(key.into(), iv.into()))),
        (Mode::Ecb, true) => Box::new(Encrypts(A::new(key.into()))),
        (Mode::Ecb, false) => Box::new(Decrypts(A::new(key.into()))),
        (Mode::Ctr, _) => return Box::new(Stream(ctr::Ctr128BE::<A>::new(key.into(), iv.into()))),
        (Mode::Gcm, _) => return Box::new(Gcm::new::<A>(encrypt, key, iv)),
    };
    Box::new(Padded { blocks, encrypt, padding: true, pending: Vec::new() })
}

/// A mode that works on whole blocks.
trait Blocks {
    fn run(&mut self, blocks: &mut [Block]);
}

struct Encrypts<M>(M);

impl<M: BlockEncryptMut<BlockSize = U16>> Blocks for Encrypts<M> {
    fn run(&mut self, blocks: &mut [Block]) {
        self.0.encrypt_blocks_mut(blocks);
    }
}

struct Decrypts<M>(M);

impl<M: BlockDecryptMut<BlockSize = U16>> Blocks for Decrypts<M> {
    fn run(&mut self, blocks: &mut [Block]) {
        self.0.decrypt_blocks_mut(blocks);
    }
}

struct Padded {
    blocks: Box<dyn Blocks>,
    encrypt: bool,
    padding: bool,
    pending: Vec<u8>,
}

impl Padded {
    /// Runs the first `length` pending bytes, whole blocks, through the mode.
    fn run(&mut self, length: usize) -> Vec<u8> {
        let mut blocks: Vec<Block> = self.pending[..length].chunks_exact(BLOCK).map(Block::clone_from_slice).collect();
        self.pending.drain(..length);
        self.blocks.run(&mut blocks);
        blocks.concat()
    }
}

impl Cipher for Padded {
    fn update(&mut self, data: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(data);
        let mut rest = self.pending.len() % BLOCK;
        // The last block may be padding, which is looked at in the end.
        if rest == 0 && !self.encrypt && self.padding && !self.pending.is_empty() {
            rest = BLOCK;
        }
        self.run(self.pending.len() - rest)
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        if self.encrypt && self.padding {
            let length = self.pending.len();
            self.pending.resize(BLOCK, 0);
            Pkcs7::raw_pad(&mut self.pending, length);
        }
        if !self.pending.len().is_multiple_of(BLOCK) || (self.padding && self.pending.is_empty()) {
            let message = "wrong final block length: is the data complete, and decoded from hex or base64 only once?";
            return Err(Error::new("ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH", message));
        }
        let last = self.run(self.pending.len());
        if self.encrypt || !self.padding {
            return Ok(last);
        }
        let bad = |_| Error::new("ERR_OSSL_BAD_DECRYPT", "bad decrypt: the key, the IV or the data is not right");
        Pkcs7::raw_unpad(&last).map(<[u8]>::to_vec).map_err(bad)
    }

    fn set_padding(&mut self, on: bool) {
        self.padding = on;
    }
}

struct Stream<S>(S);

impl<S: StreamCipher> Cipher for Stream<S> {
    fn update(&mut self, data: &[u8]) -> Vec<u8> {
        let mut data = data.to_vec();
        self.0.apply_keystream(&mut data);
        data
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

/// What a cipher needs, for scripts.
pub(super) fn info(ctx: Ctx<'_>, name: String) -> rquickjs::Result<Option<Object<'_>>> {
    let Some((key, mode)) = named(&name) else { return Ok(None) };
    let (mode, iv, block) = match mode {
        Mode::Cbc => ("cbc", BLOCK, BLOCK),
        Mode::Ecb => ("ecb", 0, BLOCK),
        Mode::Ctr => ("ctr", BLOCK, 1),
        Mode::Gcm => ("gcm", super::gcm::IV, 1),
    };
    let info = Object::new(ctx)?;
    info.set("name", format!("aes-{}-{mode}", key * 8))?;
    info.set("mode", mode)?;
    info.set("keyLength", key)?;
    info.set("ivLength", iv)?;
    info.set("blockSize", block)?;
    Ok(Some(info))
}

/// A cipher as an object of scripts.
pub(super) fn create<'js>(
    ctx: Ctx<'js>,
    name: String,
    encrypt: bool,
    key: Bytes,
    iv: Bytes,
) -> rquickjs::Result<Object<'js>> {
    let cipher = cipher(&name, encrypt, &key.0, &iv.0).map_err(|error| error.throw(&ctx))?;
    let cipher = Rc::new(RefCell::new(cipher));
    let object = Object::new(ctx)?;
    let this = cipher.clone();
    object.set("update", Func::from(move |ctx, data| update(&ctx, &this, data)))?;
    let this = cipher.clone();
    object.set("finish", Func::from(move |ctx| finish(&ctx, &this)))?;
    let this = cipher.clone();
    object.set("padding", Func::from(move |on: bool| this.borrow_mut().set_padding(on)))?;
    let this = cipher.clone();
    object.set("additional", Func::from(move |ctx, data| additional(&ctx, &this, data)))?;
    let this = cipher.clone();
    object.set("tag", Func::from(move |ctx| tag(&ctx, &this)))?;
    object.set("expect", Func::from(move |ctx, tag| expect(&ctx, &cipher, tag)))?;
    Ok(object)
}

type Shared = RefCell<Box<dyn Cipher>>;

fn update<'js>(ctx: &Ctx<'js>, cipher: &Shared, data: Bytes) -> Answer<'js> {
    array(ctx, Ok(cipher.borrow_mut().update(&data.0)))
}

fn finish<'js>(ctx: &Ctx<'js>, cipher: &Shared) -> Answer<'js> {
    array(ctx, cipher.borrow_mut().finish())
}

fn additional(ctx: &Ctx<'_>, cipher: &Shared, data: Bytes) -> rquickjs::Result<()> {
    cipher.borrow_mut().additional(&data.0).map_err(|error| error.throw(ctx))
}

fn tag<'js>(ctx: &Ctx<'js>, cipher: &Shared) -> Answer<'js> {
    array(ctx, cipher.borrow().tag())
}

fn expect(ctx: &Ctx<'_>, cipher: &Shared, tag: Bytes) -> rquickjs::Result<()> {
    cipher.borrow_mut().expect(&tag.0).map_err(|error| error.throw(ctx))
}
