//! Who sent a request, and which attempt of which invocation it is. Decided while serving; the judge
//! never renumbers.

use std::collections::{HashMap, HashSet, VecDeque};

use sha2::{Digest as _, Sha256};

use super::callers::Callers;
use crate::journal::{Received, Seq};
use crate::plan::Plan;
use crate::request::{ACCESS_KEY_PREFIX, ACCOUNT, Attempt, CallTag, Request, Sender, session_of};
use crate::service::{Recognised, recognise};

/// What identifies an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum InvocationKey {
    /// `amz-sdk-invocation-id`.
    Sdk(String),
    /// An in-process call without that header.
    Call(u32, u64),
    /// Method, path, target and body, in succession on one connection.
    Shape(u32, String),
}

#[derive(Debug)]
struct Invocation {
    key: InvocationKey,
    number: u64,
    /// The call that it was made for, as its first attempt told.
    tag: Option<CallTag>,
    attempts: u32,
    call_ordinal: u64,
    last_seq: Seq,
    last_connection: u64,
    last_sdk_attempt: Option<u32>,
    /// The last attempt was answered whole with success: a like request is a new invocation.
    succeeded: bool,
    /// The last attempt's connection broke before a whole answer.
    broken: bool,
    /// The last attempt was answered whole.
    answered: bool,
}

/// All arrivals of a play. The maps are only looked up, never walked, so their order shows nowhere.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    seq: Seq,
    invocations: u64,
    numbers: HashMap<InvocationKey, u64>,
    open: HashMap<u64, Invocation>,
    /// The invocation of each attempt that may still be heard of: the last of its invocation.
    by_seq: HashMap<Seq, u64>,
    /// Invocations that succeeded, the oldest first: nothing more is expected of them.
    over: VecDeque<u64>,
    ordinals: HashMap<(u32, String), u64>,
    accounts: HashMap<String, String>,
    agents: HashSet<u64>,
    on_connection: HashMap<u64, Seq>,
    callers: Callers,
}

/// How many invocations are remembered after their success, should one come again all the same. Few, so
/// that a long run of successes needs no memory.
const REMEMBERED_OVER: usize = 1_024;

/// So many ids of one request are noted: as many as EC2 takes in one.
const IDS_MAX: usize = 1_000;

/// So many bytes of an operation, a target or a user agent are kept: more than AWS allows in any of them.
const NAME_MAX: usize = 2048;

/// So many of an access key, a date, or the id of an invocation.
const KEY_MAX: usize = 128;

/// Cuts a text that is longer than anybody needs, and shows that it was cut.
fn clip(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most - '…'.len_utf8()));
        text.push('…');
    }
}

/// A text to look things up by: itself, or its hash if it is long, for it is remembered for long.
fn short(text: &str) -> String {
    if text.len() <= KEY_MAX { text.to_owned() } else { hex::encode(Sha256::digest(text)) }
}

impl Arrivals {
    /// Where those are told of whose requests do not say which call they belong to.
    pub(super) fn callers(&self) -> Callers {
        self.callers.clone()
    }

    /// Recognises and numbers a request.
    pub(super) fn arrive(
        &mut self,
        plan: &Plan,
        remembered: usize,
        connection: u64,
        request: Request,
    ) -> (Attempt, Received) {
        let mut recognised = recognise(&request, plan.service);
        clip(&mut recognised.operation, NAME_MAX);
        recognised.target.iter_mut().for_each(|target| clip(target, NAME_MAX));
        recognised.access_key.iter_mut().for_each(|key| clip(key, KEY_MAX));
        let told = CallTag::of(&request);
        let sender = self.sender(plan, &recognised, told, &request);
        let tag = told.or_else(|| self.callers.only(sender.client, recognised.service.id(), &recognised.operation));
        self.seq += 1;
        let seq = self.seq;
        let sdk = SdkRequest::read(&request);
        let body_hash = (!request.body.is_empty()).then(|| hash(&request.body));
        let token = recognised.service.token_member(&recognised.operation);
        let token = token.and_then(|member| recognised.params.get(member)?.as_str());
        let token_hash = token.map(|token| hash(token.as_bytes()));
        let key = key(&request, &recognised, &sender, tag, body_hash.as_deref());
        let Numbers { invocation, tag, attempt, call_ordinal, resend } =
            self.invocation(key, seq, connection, &sender, &recognised.operation, tag, sdk.attempt, remembered);
        self.on_connection.insert(connection, seq);

        let first = self.agents.insert(connection);
        let header = |name: &str, most: usize| {
            let mut text = request.header(name)?.to_owned();
            clip(&mut text, most);
            Some(text)
        };
        let user_agent = if first { header("user-agent", NAME_MAX) } else { None };
        let mut received = Received {
            seq,
            connection,
            client: sender.client,
            account: sender.account.clone(),
            call: tag.map(|t| t.call),
            invocation,
            attempt,
            resend,
            service: recognised.service.id().to_owned(),
            operation: recognised.operation.clone(),
            target: recognised.target.clone(),
            ids: Vec::new(),
            protocol: recognised.protocol.name().to_owned(),
            // A body that went on to an upstream unread is as long as it says.
            body_bytes: if request.body.is_empty() { announced(&request) } else { request.body.len() as u64 },
            body_hash,
            token_hash,
            sdk_attempt: sdk.attempt,
            sdk_max: sdk.max,
            date: header("x-amz-date", KEY_MAX),
            user_agent,
            unmodelled: !recognised.modelled,
            session: session_of(&request),
            entries: entries(&recognised),
        };
        let attempt = Attempt {
            request,
            service: recognised.service,
            protocol: recognised.protocol,
            operation: recognised.operation,
            params: recognised.params,
            target: recognised.target,
            sender,
            tag,
            seq,
            invocation,
            attempt,
            call_ordinal,
        };
        let mut ids = attempt.service.refers_to(&attempt);
        if !(ids.len() <= 1 && ids.first() == attempt.target.as_ref()) {
            ids.truncate(IDS_MAX);
            for id in &mut ids {
                clip(id, NAME_MAX);
            }
            received.ids = ids;
        }
        (attempt, received)
    }

    /// An attempt was answered.
    pub(super) fn answered(&mut self, seq: Seq, success: bool, cut: bool) {
        let Some(invocation) = self.by_seq.get(&seq).and_then(|number| self.open.get_mut(number)) else { return };
        invocation.succeeded = success && !cut;
        invocation.answered = !cut;
        invocation.broken = cut;
        if invocation.succeeded {
            self.by_seq.remove(&seq);
            self.over.push_back(invocation.number);
            if self.over.len() > REMEMBERED_OVER {
                self.forget_oldest();
            }
        }
    }

    /// A connection ended; `in_hand` says that an attempt on it had no whole answer.
    pub(super) fn closed(&mut self, connection: u64, in_hand: bool) {
        self.agents.remove(&connection);
        let Some(seq) = self.on_connection.remove(&connection) else { return };
        if let Some(invocation) = self.by_seq.get(&seq).and_then(|number| self.open.get_mut(number)) {
            invocation.broken |= in_hand;
            // The next like request may come on any connection.
            invocation.last_connection = 0;
        }
    }

    /// Forgets the invocation that has been over for longest, unless it has begun again.
    fn forget_oldest(&mut self) {
        let Some(number) = self.over.pop_front() else { return };
        if self.open.get(&number).is_some_and(|i| i.succeeded)
            && let Some(invocation) = self.open.remove(&number)
            && self.numbers.get(&invocation.key) == Some(&number)
        {
            self.numbers.remove(&invocation.key);
        }
    }

    fn sender(&mut self, plan: &Plan, recognised: &Recognised, tag: Option<CallTag>, request: &Request) -> Sender {
        let access_key = recognised.access_key.clone().unwrap_or_default();
        let ours =
            access_key.strip_prefix(ACCESS_KEY_PREFIX).filter(|d| d.len() == 8).and_then(|d| d.parse::<u32>().ok());
        let client = ours
            .or_else(|| tag.map(|t| t.client))
            .or_else(|| request.header("x-api-key")?.rsplit_once('-')?.1.parse().ok())
            .unwrap_or(0);
        let account = if let Some((account, _)) = plan.accounts.iter().find(|(_, clients)| clients.contains(&client)) {
            account.clone()
        } else if access_key.is_empty() || ours.is_some() {
            ACCOUNT.to_owned()
        } else {
            // Any other key is an account of its own; twelve digits from its hash.
            self.accounts
                .entry(access_key.clone())
                .or_insert_with(|| {
                    let digest = Sha256::digest(access_key.as_bytes());
                    let number = digest.iter().take(8).fold(0u64, |n, b| n << 8 | u64::from(*b));
                    format!("{:012}", number % 999_999_999_999 + 1)
                })
                .clone()
        };
        let region = recognised.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        Sender { client, access_key, account, region }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it decides which invocation it is")]
    fn invocation(
        &mut self,
        key: InvocationKey,
        seq: Seq,
        connection: u64,
        sender: &Sender,
        operation: &str,
        tag: Option<CallTag>,
        sdk_attempt: Option<u32>,
        remembered: usize,
    ) -> Numbers {
        let shape = matches!(key, InvocationKey::Shape(..));
        let known = self.numbers.get(&key).copied().filter(|number| {
            // Without an id, only a repeat after a failure is the same invocation, and only where the
            // failed one was: on its connection, or anywhere once that is gone.
            self.open.get(number).is_some_and(|i| {
                !shape || (!i.succeeded && (i.last_connection == connection || i.last_connection == 0))
            })
        });
        let number = known.unwrap_or_else(|| {
            self.invocations += 1;
            let number = self.invocations;
            if self.open.len().max(self.ordinals.len()).max(self.accounts.len()) >= remembered {
                self.forget_all();
            }
            let ordinal = self.ordinals.entry((sender.client, short(operation))).or_default();
            *ordinal += 1;
            let new = Invocation {
                key: key.clone(),
                number,
                tag,
                attempts: 0,
                call_ordinal: tag.map_or(*ordinal, |t| t.ordinal),
                last_seq: seq,
                last_connection: connection,
                last_sdk_attempt: None,
                succeeded: false,
                broken: false,
                answered: false,
            };
            // One of the same shape that goes on elsewhere keeps its number, but no more attempts.
            self.numbers.insert(key, number);
            self.open.insert(number, new);
            number
        });
        let Some(invocation) = self.open.get_mut(&number) else { return Numbers::default() };
        // An HTTP library that finds its connection dead sends the same bytes again by itself.
        let resend = known.is_some()
            && invocation.broken
            && !invocation.answered
            && sdk_attempt.is_some()
            && sdk_attempt == invocation.last_sdk_attempt;
        if !resend {
            invocation.attempts = invocation.attempts.saturating_add(1);
        }
        self.by_seq.remove(&invocation.last_seq);
        self.by_seq.insert(seq, number);
        invocation.last_seq = seq;
        invocation.last_connection = connection;
        invocation.last_sdk_attempt = sdk_attempt;
        (invocation.succeeded, invocation.broken, invocation.answered) = (false, false, false);
        let (attempt, call_ordinal, first_tag) = (invocation.attempts, invocation.call_ordinal, invocation.tag);
        Numbers { invocation: number, tag: tag.or(first_tag), attempt, call_ordinal, resend }
    }

    fn forget_all(&mut self) {
        self.numbers.clear();
        self.open.clear();
        self.by_seq.clear();
        self.over.clear();
        self.ordinals.clear();
        self.accounts.clear();
    }
}

/// What an attempt is, by number.
#[derive(Debug, Default)]
struct Numbers {
    invocation: u64,
    tag: Option<CallTag>,
    attempt: u32,
    call_ordinal: u64,
    resend: bool,
}

/// The first 16 hex digits of a hash.
fn hash(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..8])
}

/// So many entries of a batch are kept: no service takes more.
const ENTRIES_MAX: usize = 1_000;

/// The entries of a batch, by their hashes.
fn entries(recognised: &Recognised) -> Vec<String> {
    let Some(batch) = recognised.service.batch(&recognised.operation) else { return Vec::new() };
    let entries = batch.list(&recognised.params);
    entries.iter().take(ENTRIES_MAX).map(|entry| hash(entry.to_string().as_bytes())).collect()
}

fn announced(request: &Request) -> u64 {
    // In AWS's own chunks a body has no length, but what it holds has one.
    ["content-length", "x-amz-decoded-content-length"]
        .iter()
        .find_map(|name| request.header(name)?.parse().ok())
        .unwrap_or(0)
}

/// What identifies the invocation of a request.
fn key(
    request: &Request,
    recognised: &Recognised,
    sender: &Sender,
    tag: Option<CallTag>,
    body_hash: Option<&str>,
) -> InvocationKey {
    if let Some(id) = request.header("amz-sdk-invocation-id") {
        return InvocationKey::Sdk(short(id));
    }
    if let Some(tag) = tag {
        return InvocationKey::Call(tag.client, tag.call);
    }
    let shape = format!(
        "{} {}?{} {} {}",
        request.method,
        request.path,
        request.query,
        recognised.operation,
        body_hash.unwrap_or_default()
    );
    InvocationKey::Shape(sender.client, short(&shape))
}

/// `amz-sdk-request: attempt=N; max=M`.
#[derive(Debug, Default)]
struct SdkRequest {
    attempt: Option<u32>,
    max: Option<u32>,
}

impl SdkRequest {
    fn read(request: &Request) -> Self {
        let mut this = Self::default();
        for pair in request.header("amz-sdk-request").unwrap_or_default().split(';') {
            match pair.trim().split_once('=') {
                Some(("attempt", n)) => this.attempt = n.parse().ok(),
                Some(("max", n)) => this.max = n.parse().ok(),
                _ => {}
            }
        }
        this
    }
}
