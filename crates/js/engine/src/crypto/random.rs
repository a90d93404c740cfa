//! Random numbers for signatures.

use rsa::rand_core::{self, CryptoRng, RngCore, impls};

/// The random numbers of the call: WASI's, which the host feeds from the invocation's inputs.
pub(super) struct Entropy;

impl CryptoRng for Entropy {}

impl RngCore for Entropy {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // A signature without randomness can give the key away, and this method cannot fail.
            std::process::abort();
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}
