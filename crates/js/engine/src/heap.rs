//! The heap, made ready for its copy: what a call allocates should lie together.
//!
//! A page of the copy costs a call when it is written to, and the sandbox resets the few regions that were written more
//! cheaply than many. Free blocks that loading left behind are scattered over all pages, and would be used first.

/// Memory that is free in one piece when a call begins. More than most calls use, so that they need not grow the memory.
const ROOM: usize = 256 * 1024;
/// The sizes of blocks with which holes are filled, the largest first; the last is the least that is ever allocated.
const SIZES: [usize; 12] = [32_768, 8_192, 2_048, 1_024, 512, 256, 128, 64, 44, 28, 12, 4];

/// Fills every hole, so that allocations come one after the other from the free end.
pub(crate) fn settle() {
    let end: Vec<u8> = Vec::with_capacity(ROOM);
    for size in SIZES {
        loop {
            let block: Vec<u8> = Vec::with_capacity(size);
            if block.as_ptr() > end.as_ptr() {
                break;
            }
            // Never to be freed: that is its purpose.
            std::mem::forget(block);
        }
    }
}
