//! The library that brownout preloads into a client: a clock that is ahead of the machine's, and waits that can be
//! ended early.
//!
//! It is compiled by itself (`../build.rs`), without a standard library, and never allocates. Every function here stands
//! before the C library's of the same name; each answers as that would, on a clock that brownout may move. Where the
//! shared file is missing or of another version, they pass everything on to the kernel or to the C library.
//!
//! What each wait does: take a slot in shared memory, write down until when, then sleep in the kernel in a way that
//! brownout can end: on a futex of the slot, or with a named pipe among the descriptors. Nothing runs in between, so a
//! waiting thread is really asleep, and brownout can see that it is (ARCHITECTURE.md, "How time works").
#![no_std]

mod clock;
mod cond;
mod futex;
#[path = "../src/layout.rs"]
mod layout;
mod lock;
mod poll;
mod shared;
mod sleep;
mod socket;
mod sys;
mod timer;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    sys::abort()
}

/// Runs when the library is loaded, before the program.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = shared::at_load;
