//! brownout.
