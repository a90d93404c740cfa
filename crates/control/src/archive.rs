//! An app as an archive (reference 7.4, export).

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::error::ControlError;
use crate::files::Files;

/// The files as a zip archive.
///
/// # Errors
/// [`ControlError::Internal`].
pub fn zip(files: &Files) -> Result<Vec<u8>, ControlError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files.iter() {
        archive.start_file(path, SimpleFileOptions::default()).map_err(ControlError::internal)?;
        archive.write_all(content).map_err(ControlError::internal)?;
    }
    Ok(archive.finish().map_err(ControlError::internal)?.into_inner())
}
