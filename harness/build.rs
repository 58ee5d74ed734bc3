//! Scenarios are embedded in the binary: a new or changed file makes it stale.

fn main() {
    println!("cargo:rerun-if-changed=../scenarios");
}
