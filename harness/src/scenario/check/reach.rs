//! Steps that nothing reaches, and steps that cannot be told apart.

use std::collections::BTreeMap;

use brownout_mocks::plan::Step;

use super::Checker;

impl Checker<'_, '_, '_> {
    pub(super) fn reach(&mut self) {
        let mut walls: Vec<Wall<'_>> = Vec::new();
        let mut ids: BTreeMap<String, (usize, bool)> = BTreeMap::new();
        for (index, step) in &self.draft.steps {
            let (at_connect, id) = (step.at_connect(), step.id());
            let shadows = |wall: &&Wall<'_>| (wall.at_connect || !at_connect) && wall.step.when.covers(&step.when);
            if self.spend(walls.len())
                && let Some(wall) = walls.iter().find(shadows)
            {
                self.unreachable(wall.index, *index);
                continue;
            }
            if let Some(&(earlier, named)) = ids.get(&id) {
                self.same_id(earlier, *index, step, named);
                continue;
            }
            ids.insert(id, (*index, step.id.is_some()));
            if is_wall(step) {
                walls.push(Wall { index: *index, step, at_connect });
            }
        }
    }

    fn unreachable(&mut self, earlier: usize, index: usize) {
        let line = self.line(&format!("/steps/{earlier}"));
        let message =
            format!("this step is never reached: the one on line {line} takes every request that it is about");
        let (here, there) = (self.at(&format!("/steps/{index}")), self.at(&format!("/steps/{earlier}")));
        let finding = self.findings.add(&here, message);
        finding
            .label("never reached")
            .help("put it first, or give the earlier one `times`, `until` or a narrower `when`");
        self.findings.second_place(&there, "takes them all");
    }

    fn same_id(&mut self, earlier: usize, index: usize, step: &Step, named: bool) {
        let there = self.at(&format!("/steps/{earlier}"));
        if let Some(id) = &step.id {
            let here = self.at(&format!("/steps/{index}/id"));
            self.findings.add(&here, format!("the id `{}` is given twice", super::clip(id)));
            let there = if named { self.at(&format!("/steps/{earlier}/id")) } else { there };
            self.findings.second_place(&there, "first given here");
        } else {
            let (here, line) = (self.at(&format!("/steps/{index}")), self.line(&format!("/steps/{earlier}")));
            let finding = self.findings.add(&here, format!("this step is the same as the one on line {line}"));
            finding.help("give one of them an `id`, so that their draws and counts can be told apart");
            self.findings.second_place(&there, "the same step");
        }
    }
}

/// A step at which every request that it is about ends, always. One that acts on connections comes before
/// any request is read, so only one of its own kind can stand in its way.
struct Wall<'s> {
    index: usize,
    step: &'s Step,
    at_connect: bool,
}

fn is_wall(step: &Step) -> bool {
    !step.faults().is_empty() && !step.admits() && step.when.after.is_none() && step.when.until.is_none()
}
