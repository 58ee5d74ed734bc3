//! Where there is no warp time: types that nobody can make. [`super::suits`] says so before anybody tries.

use std::convert::Infallible;
use std::sync::Arc;

use brownout_mocks::clock::{Clock, Warp};
use brownout_mocks::journal::Recorder;

use super::Company;

/// What a warped program would be started with.
#[derive(Debug, Clone)]
pub struct Stage(Infallible);

impl Stage {
    /// There is none.
    pub fn make(_: [u16; 2]) -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    /// Never asked.
    pub fn environment(&self, _: Option<&str>) -> Vec<(String, String)> {
        match self.0 {}
    }
}

/// What would be told.
#[derive(Debug)]
pub struct Watched(Infallible);

impl Watched {
    /// Never asked.
    pub async fn stuck(&self) {
        match self.0 {}
    }

    /// Never asked.
    pub fn note(&self) -> Option<String> {
        match self.0 {}
    }
}

/// Who would move the clock.
#[derive(Debug)]
pub struct Coordinator(Infallible);

impl Coordinator {
    /// Never asked.
    pub fn start(stage: &Stage, _: &Company, _: &Clock, _: &Warp, _: &Recorder) -> std::io::Result<Self> {
        match stage.0 {}
    }

    /// Never asked.
    pub fn watched(&self) -> &Arc<Watched> {
        match self.0 {}
    }
}
