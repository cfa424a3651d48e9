//! The naive pool: plain lists, looked through every time. Times in milliseconds.

use std::collections::BTreeMap;

use steadfast_bulkhead::Discards;

/// How long each hook may take.
pub(super) const LIMIT: u64 = 20;
pub(super) const BIRTH: u64 = 1_000;

/// How a hook goes, `create` among them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script {
    pub(super) delay: u64,
    pub(super) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    Good,
    Bad,
    Panic,
    /// The model's alone: its time was over.
    Late,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) number: usize,
    created: u64,
    since: u64,
    used: bool,
    pub(super) broken: bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Lent(usize),
    Full,
    Closed,
    NoneIdle,
    CreateFailed,
    CreateTimeout,
    Maintained,
    Panicked,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Checkout,
    TryCheckout,
    /// An operation that never ends.
    Operate,
    Maintain,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    start: u64,
    script: Script,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    Begin,
    Next,
    Recycle(Part, Call),
    Validate(Part, Call),
    Create { call: Call, adopted: bool },
    Operating,
    Maintain { left: usize, making: bool },
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) places: usize,
    pub(super) min_idle: usize,
    pub(super) max_age: Option<u64>,
    pub(super) max_idle: Option<u64>,
    pub(super) scripts: Vec<Script>,
    pub(super) calls: usize,
    pub(super) now: u64,
    pub(super) closed: bool,
    pub(super) idle: Vec<Part>,
    pub(super) busy: usize,
    pub(super) lent: Vec<Part>,
    pub(super) flights: BTreeMap<usize, (Kind, Stage)>,
    /// Who makes it.
    pub(super) spare: Option<(usize, Call)>,
    pub(super) created: usize,
    pub(super) recycled: u64,
    pub(super) failures: u64,
    pub(super) timeouts: u64,
    pub(super) abandoned: u64,
    pub(super) discards: Discards,
}

impl Model {
    pub(super) fn begin(&mut self, id: usize, kind: Kind) {
        self.flights.insert(id, (kind, Stage::Begin));
    }

    /// What a poll of this caller comes to.
    pub(super) fn poll(&mut self, id: usize) -> Option<Answer> {
        let (kind, mut stage) = self.flights[&id];
        let answer = if kind == Kind::Maintain {
            self.maintain(id, &mut stage)
        } else {
            self.borrow(kind, &mut stage)
        };
        if answer.is_some() {
            self.flights.remove(&id);
        } else {
            self.flights.insert(id, (kind, stage));
        }
        answer
    }

    pub(super) fn cancel(&mut self, id: usize) {
        match self.flights.remove(&id).unwrap().1 {
            Stage::Begin | Stage::Next => unreachable!("it was polled"),
            Stage::Recycle(..) | Stage::Validate(..) => {
                self.discards.hook_abandoned += 1;
                self.busy -= 1;
            }
            Stage::Create { .. } => {
                self.abandoned += 1;
                self.busy -= 1;
            }
            Stage::Operating => {
                self.discards.abandoned += 1;
                self.busy -= 1;
            }
            Stage::Maintain { .. } => {
                if self.spare.is_some_and(|(owner, _)| owner == id) {
                    self.spare = None;
                    self.abandoned += 1;
                }
            }
        }
    }

    /// A lent part comes back, unless it was refused.
    pub(super) fn give_back(&mut self, mut part: Part) {
        self.busy -= 1;
        self.expire();
        part.since = self.now;
        if self.closed {
            self.discards.closed += 1;
        } else {
            self.idle.push(part);
            // If it is over by now, it goes at once.
            self.expire();
        }
    }

    pub(super) fn expire(&mut self) {
        let now = self.now;
        for part in std::mem::take(&mut self.idle) {
            let old = self.max_age.map(|age| part.created + age);
            let idle = self.max_idle.map(|idle| part.since + idle);
            let [old, idle] = [old, idle].map(|end| end.filter(|&end| end <= now));
            match (old, idle) {
                (None, None) => self.idle.push(part),
                (Some(old), idle) if idle.is_none_or(|idle| old <= idle) => {
                    self.discards.too_old += 1;
                }
                _ => self.discards.idle_too_long += 1,
            }
        }
    }

    fn call(&mut self) -> Call {
        let script = self.scripts[self.calls % self.scripts.len()];
        self.calls += 1;
        let start = self.now;
        Call { start, script }
    }

    fn end(&self, call: Call) -> Option<End> {
        let passed = self.now - call.start;
        if passed >= call.script.delay {
            return Some(call.script.end);
        }
        (passed >= LIMIT).then_some(End::Late)
    }

    fn borrow(&mut self, kind: Kind, stage: &mut Stage) -> Option<Answer> {
        let (part, refused) = loop {
            match *stage {
                Stage::Begin if self.closed => return Some(Answer::Closed),
                Stage::Begin if self.busy == self.places => return Some(Answer::Full),
                Stage::Begin => {
                    self.busy += 1;
                    *stage = Stage::Next;
                }
                Stage::Next => {
                    self.expire();
                    if let Some(part) = self.idle.pop() {
                        if part.broken {
                            self.discards.not_valid += 1;
                        } else if part.used {
                            *stage = Stage::Recycle(part, self.call());
                        } else {
                            *stage = Stage::Validate(part, self.call());
                        }
                    } else if kind == Kind::TryCheckout {
                        break (None, Answer::NoneIdle);
                    } else if let Some((_, call)) = self.spare.take() {
                        *stage = Stage::Create {
                            call,
                            adopted: true,
                        };
                    } else {
                        *stage = Stage::Create {
                            call: self.call(),
                            adopted: false,
                        };
                    }
                }
                Stage::Recycle(part, call) => match self.end(call)? {
                    End::Good => *stage = Stage::Validate(part, self.call()),
                    End::Panic => {
                        self.discards.hook_abandoned += 1;
                        break (None, Answer::Panicked);
                    }
                    end => {
                        self.discards.not_recycled += u64::from(end == End::Bad);
                        self.discards.recycle_timeouts += u64::from(end == End::Late);
                        *stage = Stage::Next;
                    }
                },
                Stage::Validate(part, call) => match self.end(call)? {
                    End::Good => {
                        self.recycled += 1;
                        break (Some(part), Answer::Lent(part.number));
                    }
                    End::Panic => {
                        self.discards.hook_abandoned += 1;
                        break (None, Answer::Panicked);
                    }
                    end => {
                        self.discards.not_valid += u64::from(end == End::Bad);
                        self.discards.validate_timeouts += u64::from(end == End::Late);
                        *stage = Stage::Next;
                    }
                },
                Stage::Create { call, adopted } => match self.made(self.end(call)?) {
                    Ok(part) => break (Some(part), Answer::Lent(part.number)),
                    Err(Answer::Panicked) => break (None, Answer::Panicked),
                    Err(_) if adopted => *stage = Stage::Next,
                    Err(answer) => break (None, answer),
                },
                Stage::Operating => return None,
                Stage::Maintain { .. } => unreachable!("{kind:?}"),
            }
        };
        let Some(mut part) = part else {
            self.busy -= 1;
            return Some(refused);
        };
        part.used = true;
        if kind == Kind::Operate {
            *stage = Stage::Operating;
            return None;
        }
        self.lent.push(part);
        Some(refused)
    }

    fn made(&mut self, end: End) -> Result<Part, Answer> {
        match end {
            End::Good => {
                self.created += 1;
                Ok(Part {
                    number: self.created,
                    created: self.now,
                    since: self.now,
                    used: false,
                    broken: false,
                })
            }
            End::Bad => {
                self.failures += 1;
                Err(Answer::CreateFailed)
            }
            End::Late => {
                self.timeouts += 1;
                Err(Answer::CreateTimeout)
            }
            End::Panic => {
                self.abandoned += 1;
                Err(Answer::Panicked)
            }
        }
    }

    fn maintain(&mut self, id: usize, stage: &mut Stage) -> Option<Answer> {
        if matches!(stage, Stage::Begin) {
            self.expire();
            *stage = Stage::Maintain {
                left: self.min_idle,
                making: false,
            };
        }
        loop {
            let Stage::Maintain { left, making } = stage else {
                unreachable!("{stage:?}");
            };
            if *making {
                // Unless somebody took it over.
                if let Some((_, call)) = self.spare.filter(|&(owner, _)| owner == id) {
                    let end = self.end(call)?;
                    self.spare = None;
                    match self.made(end) {
                        Ok(_) if self.closed => self.discards.closed += 1,
                        Ok(part) => {
                            self.expire();
                            self.idle.push(part);
                        }
                        Err(answer) => return Some(answer),
                    }
                }
            }
            let room = self.idle.len() < self.min_idle && self.idle.len() + self.busy < self.places;
            if *left == 0 || self.closed || self.spare.is_some() || !room {
                return Some(Answer::Maintained);
            }
            *left -= 1;
            *making = true;
            self.spare = Some((id, self.call()));
        }
    }
}
