//! Unpacks an archive of packages, whose contents nobody has checked.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use tar::EntryType;
use usher_contract::limits;

/// Unpacks the archive into a directory. Nothing lands outside of it: links are left out, and an absolute path or one
/// with `..` is refused.
pub(super) fn unpack(name: &str, bytes: &[u8], into: &Path) -> io::Result<()> {
    fs::create_dir_all(into)?;
    let mut budget = limits::PACKAGES_BYTES;
    if name.ends_with(".zip") {
        zipped(bytes, into, &mut budget)
    } else if name.ends_with(".tar") {
        tarred(bytes, into, &mut budget)
    } else {
        tarred(GzDecoder::new(bytes), into, &mut budget)
    }
}

fn tarred(stream: impl Read, into: &Path, budget: &mut u64) -> io::Result<()> {
    for entry in tar::Archive::new(stream).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type() != EntryType::Regular {
            continue;
        }
        let path = entry.path()?.into_owned();
        write(&mut entry, &path, into, budget)?;
    }
    Ok(())
}

fn zipped(bytes: &[u8], into: &Path, budget: &mut u64) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(io::Error::other)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(io::Error::other)?;
        if !entry.is_file() || entry.is_symlink() {
            continue;
        }
        let path = entry.enclosed_name().ok_or_else(|| outside(&entry.name().unwrap_or_default()))?;
        write(&mut entry, &path, into, budget)?;
    }
    Ok(())
}

/// Writes one file, as far as the budget goes.
fn write(from: &mut impl Read, path: &Path, into: &Path, budget: &mut u64) -> io::Result<()> {
    use std::path::Component::{CurDir, Normal};
    if !path.components().all(|part| matches!(part, Normal(_) | CurDir)) {
        return Err(outside(&path.display()));
    }
    let target = into.join(path);
    fs::create_dir_all(target.parent().unwrap_or(into))?;
    let written = io::copy(&mut from.take(budget.saturating_add(1)), &mut File::create(&target)?)?;
    *budget = budget
        .checked_sub(written)
        .ok_or_else(|| io::Error::other(format!("it holds more than {} bytes", limits::PACKAGES_BYTES)))?;
    Ok(())
}

fn outside(path: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{path} leads out of the archive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar(path: &str) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        // The name is written by hand: the library refuses to make such an archive.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(2);
        header.set_mode(0o644);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(b"hi");
        bytes.resize(512 * 4, 0);
        bytes
    }

    #[test]
    fn files_stay_inside() {
        let here = tempfile::tempdir().unwrap();
        let into = here.path().join("in");
        unpack("node_modules.tar", &tar("node_modules/a/index.js"), &into).unwrap();
        assert_eq!(fs::read(into.join("node_modules/a/index.js")).unwrap(), b"hi");
        for path in ["../out.js", "/tmp/usher-out.js", "a/../../out.js"] {
            let error = unpack("node_modules.tar", &tar(path), &into).unwrap_err();
            assert!(error.to_string().contains("leads out"), "{path}: {error}");
        }
        assert!(!here.path().join("out.js").exists());
    }

    #[test]
    fn links_are_left_out() {
        let here = tempfile::tempdir().unwrap();
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "link", "/etc").unwrap();
        unpack("node_modules.tar", &builder.into_inner().unwrap(), here.path()).unwrap();
        assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let here = tempfile::tempdir().unwrap();
        let mut budget = 3;
        write(&mut &b"abc"[..], Path::new("a"), here.path(), &mut budget).unwrap();
        let error = write(&mut &b"d"[..], Path::new("b"), here.path(), &mut budget).unwrap_err();
        assert!(error.to_string().contains("more than"), "{error}");
    }
}
