//! What a guest prints: cut into lines, counted against the log budget, handed to the host's log.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use usher_contract::host::Level;
use usher_contract::{ErrorCode, Failure, Host, limits};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// The log of one invocation, shared by its standard streams and its `log` calls.
pub(crate) struct Log {
    host: Arc<dyn Host>,
    budget: usize,
    used: Mutex<usize>,
}

impl Log {
    pub(crate) fn new(host: Arc<dyn Host>, budget: usize) -> Arc<Self> {
        Arc::new(Self { host, budget, used: Mutex::new(0) })
    }

    /// Writes one line, or fails once the budget is spent.
    pub(crate) fn write(&self, level: Level, line: &str) -> Result<(), Failure> {
        {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            *used = used.saturating_add(line.len()).saturating_add(1);
            if *used > self.budget {
                return Err(Failure::new(
                    ErrorCode::LogLimitExceeded,
                    format!("the function logged more than {} bytes", self.budget),
                ));
            }
        }
        if line.len() > limits::LOG_LINE_BYTES {
            let end = line.floor_char_boundary(limits::LOG_LINE_BYTES);
            self.host.log(level, &format!("{} … (cut)", &line[..end]));
        } else {
            self.host.log(level, line);
        }
        Ok(())
    }
}

/// Standard output or standard error of a guest.
#[derive(Clone)]
pub(crate) struct Stream {
    log: Arc<Log>,
    level: Level,
    /// What was printed since the last end of line.
    partial: Arc<Mutex<Vec<u8>>>,
}

impl Stream {
    pub(crate) fn new(log: Arc<Log>, level: Level) -> Self {
        Self { log, level, partial: Arc::default() }
    }

    fn take(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || partial.len() > limits::LOG_LINE_BYTES {
                let line = std::mem::take(&mut *partial);
                self.log.write(self.level, String::from_utf8_lossy(&line).trim_end_matches('\n'))?;
            }
        }
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let rest = std::mem::take(&mut *self.partial.lock().unwrap_or_else(PoisonError::into_inner));
        if !rest.is_empty() {
            // Past the budget there is nobody left to tell: the call is over.
            let _ = self.log.write(self.level, &String::from_utf8_lossy(&rest));
        }
    }
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this form, and it is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes).map_err(|failure| StreamError::Trap(wasmtime::Error::new(failure)))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}
