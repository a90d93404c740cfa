//! The one place in Usher that is not safe Rust: making native code of this host's cache executable.

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Length of the digest in front of an artifact.
pub(crate) const DIGEST: usize = 32;

/// Puts the digest in front of an artifact that [`load`] will check.
pub(crate) fn seal(artifact: &[u8]) -> Vec<u8> {
    let mut sealed = Sha256::digest(artifact).to_vec();
    sealed.extend_from_slice(artifact);
    sealed
}

/// What was sealed, where it is undamaged.
pub(crate) fn opened(sealed: &[u8]) -> Option<&[u8]> {
    let (digest, content) = sealed.split_at_checked(DIGEST)?;
    (Sha256::digest(content)[..] == *digest).then_some(content)
}

/// Loads a sealed artifact; `None` where it is damaged or was made for another engine.
pub(crate) fn load(engine: &Engine, sealed: &[u8]) -> Option<Component> {
    let artifact = opened(sealed)?;
    // SAFETY: the bytes are what `Component::serialize` gave this host: they come from a directory that only the
    // host's user can write (checked when the cache is opened), and the digest rules out damage since then. The
    // engine itself refuses artifacts of another version or configuration.
    unsafe { Component::deserialize(engine, artifact) }.ok()
}
