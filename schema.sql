-- watchforspammers: the database. Compiled into the program; PRAGMA user_version is STORE_VERSION in src/store/store.h.
--
-- Executed as a whole for a new database, and for one of an older version: after the views of that were dropped, it
-- creates what is missing. So a new table or view only needs a new version; for a new column see src/store/migrate.c.
--
-- The tables are internal; the views below are stable, for use with sqlite3.
-- Times are Unix seconds UTC. Addresses are text as inet_ntop writes it, with "/length" only for networks.
-- Text from logs is stored escaped (no control characters, valid UTF-8), except the lines in table log.
-- Table hit has no index except its rowid: hits are appended by the hundred thousand, and an index on
-- (address, time) makes inserts ten times as slow (measured). The tables address and link know which hits an address has, up
-- to the hit that table indexed names. Every query reads newer hits, at most a few thousand, directly: see
-- src/store/hit_index.h.

CREATE TABLE IF NOT EXISTS log (
	id           INTEGER PRIMARY KEY,
	path         TEXT    NOT NULL,           -- where it was last read
	first_line   BLOB    NOT NULL,           -- the raw first complete line: identifies a log ...
	last_line    BLOB    NOT NULL,           -- ... and the line that ends at position: verifies it
	position     INTEGER NOT NULL DEFAULT 0, -- bytes read and counted
	lines        INTEGER NOT NULL DEFAULT 0,
	cut          INTEGER NOT NULL DEFAULT 0, -- lines longer than 8 KiB
	unparsed     INTEGER NOT NULL DEFAULT 0, -- lines without a header
	last_line_at INTEGER                     -- the latest timestamp
);
CREATE INDEX IF NOT EXISTS log_first_line ON log (first_line);

-- What a journal has beyond table log. Its log has a first line that no file can have: a newline and the journal's name. The
-- offset of a hit in it is the entry's time in microseconds.
CREATE TABLE IF NOT EXISTS journal (
	log        INTEGER PRIMARY KEY REFERENCES log,
	cursor     TEXT    NOT NULL, -- of the last entry read and counted; contains sequence number, boot, time and checksum
	forged     INTEGER NOT NULL, -- lines that their user may not write
	damaged    INTEGER NOT NULL, -- entries that could not be read
	gaps       INTEGER NOT NULL, -- how often entries vanished before they were read ...
	lost       INTEGER NOT NULL, -- ... and how many at most, where that is known
	suppressed INTEGER NOT NULL, -- messages that journald dropped ...
	unit       TEXT    NOT NULL  -- ... the last time of this unit
);

CREATE TABLE IF NOT EXISTS rule (
	id       INTEGER PRIMARY KEY,
	name     TEXT NOT NULL,
	category TEXT NOT NULL,
	reason   TEXT NOT NULL,
	UNIQUE (name, category, reason)
);

CREATE TABLE IF NOT EXISTS hit (
	id      INTEGER PRIMARY KEY,
	time    INTEGER NOT NULL,
	address TEXT    NOT NULL,
	rule    INTEGER NOT NULL REFERENCES rule,
	score   INTEGER NOT NULL, -- with which it counted, if it counted
	ignored INTEGER NOT NULL, -- 0: counted; 1: not counted: address already blocked or allowed, or rule suspended;
	                          -- 2: counted, and caused a block, which used up all earlier hits
	log     INTEGER NOT NULL, -- id in table log; 0: not from a log, but a vote or the answer of a DNS list
	offset  INTEGER NOT NULL, -- of the line's first byte in that log
	detail  TEXT,
	text    TEXT    NOT NULL, -- the line
	account INTEGER NOT NULL DEFAULT 0, -- of a login, as a number (base/account.h); 0: unknown
	weight  INTEGER NOT NULL DEFAULT 0  -- 0: full; 1: none, because it repeats another hit; 2: a quarter; 3: double
);

CREATE TABLE IF NOT EXISTS indexed ( -- one row
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	upto INTEGER NOT NULL, -- hits up to this id are in address, link and daily
	hits INTEGER NOT NULL  -- how many of them there are
);
INSERT OR IGNORE INTO indexed VALUES (1, 0, 0);

CREATE TABLE IF NOT EXISTS address (
	address TEXT PRIMARY KEY,
	head    INTEGER NOT NULL, -- id of its newest hit; link leads to the others
	hits    INTEGER NOT NULL,
	first   INTEGER NOT NULL, -- when it was first seen, even if that hit is no longer stored; ...
	last    INTEGER NOT NULL, -- ... and last
	day     INTEGER NOT NULL, -- of its newest hit, counted since 1970, ...
	rules   TEXT    NOT NULL  -- ... and the ids of all rules that it hit on that day: ",3,17,"
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS link (
	id   INTEGER PRIMARY KEY, -- covers the hits with ids from 4000 * id to 4000 * id + 3999
	back BLOB NOT NULL        -- for each, the distance to the previous hit of its address: 4 bytes, little-endian; 0: none
);

CREATE TABLE IF NOT EXISTS latest (
	id   INTEGER PRIMARY KEY, -- covers the same hits as in link
	time INTEGER NOT NULL     -- none of them is newer
);

CREATE TABLE IF NOT EXISTS daily ( -- sums, kept for ever
	day       INTEGER NOT NULL, -- since 1970
	rule      INTEGER NOT NULL, -- 0: all rules
	hits      INTEGER NOT NULL,
	addresses INTEGER NOT NULL, -- with hits on that day; replaying logs out of order may count one twice
	blocks    INTEGER NOT NULL, -- that began
	dropped   INTEGER NOT NULL, -- how often dropped packets were seen
	last      INTEGER NOT NULL, -- time of the last hit; 0: none
	packets   INTEGER NOT NULL DEFAULT 0, -- that were dropped, a lower bound
	bytes     INTEGER NOT NULL DEFAULT 0, -- of them, as far as the backend counts bytes
	PRIMARY KEY (day, rule)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS block (
	id       INTEGER PRIMARY KEY,
	address  TEXT    NOT NULL,
	since    INTEGER NOT NULL,
	until    INTEGER NOT NULL,
	offence  INTEGER NOT NULL,           -- first, second ... within [block] memory
	rule     INTEGER NOT NULL REFERENCES rule,
	cause    INTEGER NOT NULL DEFAULT 0, -- 0 hits, 1 enough addresses of a network, 2 manual, 4 other hosts; each ends separately
	proven   INTEGER NOT NULL DEFAULT 0, -- 1: although the address was proven good
	knocks   INTEGER NOT NULL DEFAULT 0, -- how often dropped packets of it were seen
	knocked  INTEGER,                    -- when they were last seen
	ended    INTEGER,                    -- when it was ended early; null: see until
	ended_by TEXT,                       -- 'allowed', 'allowed by ZONE' ...; null: active or expired
	packets  INTEGER NOT NULL DEFAULT 0, -- that were dropped, a lower bound
	bytes    INTEGER NOT NULL DEFAULT 0  -- of them, as far as the backend counts bytes
);
CREATE INDEX IF NOT EXISTS block_until ON block (until);
CREATE INDEX IF NOT EXISTS block_address ON block (address);

CREATE TABLE IF NOT EXISTS act ( -- audit log: manual actions, and who requested them
	id      INTEGER PRIMARY KEY,
	time    INTEGER NOT NULL,
	who     TEXT    NOT NULL, -- 'uid 1000 (alice)', 'token mx2'
	what    TEXT    NOT NULL, -- 'block', 'unblock', 'unblock all', 'allow', 'disallow', 'vote black' ...
	address TEXT,
	why     TEXT
);
CREATE INDEX IF NOT EXISTS act_address ON act (address, time);
CREATE INDEX IF NOT EXISTS act_time ON act (time);

CREATE TABLE IF NOT EXISTS good ( -- good evidence per day: deliveries and logins
	day     INTEGER NOT NULL, -- since 1970
	address TEXT    NOT NULL,
	times   INTEGER NOT NULL,
	last    INTEGER NOT NULL,
	PRIMARY KEY (day, address)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS credit ( -- the part of it that still offsets hits: within the last window, per second
	time    INTEGER NOT NULL,
	address TEXT    NOT NULL,
	account INTEGER NOT NULL, -- of a login, which only offsets failures of that account; 0: a delivery
	score   INTEGER NOT NULL, -- negative
	PRIMARY KEY (time, address, account)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS login ( -- which clients logged in to which accounts
	pair INTEGER PRIMARY KEY, -- a number for client and account (verdict/logins.h)
	day  INTEGER              -- day of the last login, since 1970
);

CREATE TABLE IF NOT EXISTS allowance ( -- temporarily allowed networks
	id      INTEGER PRIMARY KEY,
	address TEXT    NOT NULL,
	since   INTEGER NOT NULL,
	until   INTEGER NOT NULL,
	cause   TEXT    NOT NULL, -- 'by hand', 'cluster', 'name', 'spf', 'dns-list' ...
	why     TEXT
);
CREATE INDEX IF NOT EXISTS allowance_until ON allowance (until);

CREATE TABLE IF NOT EXISTS pass ( -- clients that need not wait at the gates, because they delivered mail or logged in
	address TEXT PRIMARY KEY,
	until   INTEGER NOT NULL,
	closed  INTEGER NOT NULL -- when it was revoked; earlier evidence earns no pass. 0: never
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS gate ( -- sums per day and gate
	day      INTEGER NOT NULL, -- since 1970
	name     TEXT    NOT NULL,
	asked    INTEGER NOT NULL, -- connections ...
	refused  INTEGER NOT NULL, -- ... refused, or counted as such with backend = observe ...
	admitted INTEGER NOT NULL, -- ... let in within a window; the others had a pass
	began    INTEGER NOT NULL, -- clients whose pause began ...
	came     INTEGER NOT NULL, -- ... that connected within the window ...
	late     INTEGER NOT NULL, -- ... whose pause began again because they connected within a day after their window
	delays   INTEGER NOT NULL, -- for this many of those in came it is known ...
	delay    INTEGER NOT NULL, -- ... how many seconds passed from the first SYN to the first connection, in total
	PRIMARY KEY (day, name)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS gate_now ( -- which clients each gate held when the daemon last counted
	name   TEXT PRIMARY KEY,
	at     INTEGER NOT NULL, -- when it counted
	closed INTEGER NOT NULL, -- 1: new clients were refused; 0: the gate was open
	paused INTEGER NOT NULL, -- clients in their pause ...
	inside INTEGER NOT NULL, -- ... in their window ...
	waiting INTEGER NOT NULL, -- ... those of both that have not yet connected in the window
	waits  TEXT,             -- the one that has waited longest without connecting ...
	since  INTEGER           -- ... and since when; null: no client waits
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS attempt ( -- recent greylisted attempts: a second one from the same sender earns its network an allowance
	id        INTEGER PRIMARY KEY,
	time      INTEGER NOT NULL,
	address   TEXT    NOT NULL,
	sender    BLOB    NOT NULL, -- these three as the client sent them
	recipient BLOB    NOT NULL,
	helo      BLOB    NOT NULL
);

CREATE TABLE IF NOT EXISTS suspension ( -- rules that blocked too many proven good addresses
	id    INTEGER PRIMARY KEY,
	rule  TEXT    NOT NULL, -- its name
	since INTEGER NOT NULL,
	why   TEXT    NOT NULL,
	ended INTEGER           -- when it was resumed; null: still suspended
);

CREATE TABLE IF NOT EXISTS peer ( -- hosts that blocks are shared with: what was received from each
	name     TEXT PRIMARY KEY,
	stream   TEXT    NOT NULL, -- the last entry of its stream that was handled ...
	era      INTEGER NOT NULL, -- ... and the last message ...
	number   INTEGER NOT NULL,
	received INTEGER NOT NULL, -- ... when it was received ...
	lag      INTEGER NOT NULL, -- ... and its delay in milliseconds
	accepted INTEGER NOT NULL, -- messages that were accepted ...
	refused  INTEGER NOT NULL, -- ... and refused
	refusal  TEXT              -- why the last one was refused
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS claim ( -- what peers say about networks
	address  TEXT    NOT NULL,
	what     INTEGER NOT NULL, -- 0: it is hostile; 1: a person ended its blocks, and earlier claims do not count
	peer     TEXT    NOT NULL, -- empty: this host
	since    INTEGER NOT NULL,
	until    INTEGER NOT NULL,
	sent     INTEGER NOT NULL, -- milliseconds of the server's clock, which orders the claims of all hosts
	offence  INTEGER NOT NULL,
	rule     TEXT,             -- on that host
	category TEXT,
	PRIMARY KEY (address, what, peer)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claim_until ON claim (until);

CREATE TABLE IF NOT EXISTS digest ( -- good networks of a peer, as numbers that mean nothing to outsiders
	peer    TEXT    NOT NULL,
	first   INTEGER NOT NULL, -- the lowest of them
	until   INTEGER NOT NULL,
	numbers BLOB    NOT NULL, -- 4 bytes each, little-endian, ascending: verdict/elsewhere.h
	PRIMARY KEY (peer, first)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS event ( -- what happened, for programs that follow it; kept as long as hits
	id      INTEGER PRIMARY KEY AUTOINCREMENT, -- only grows
	time    INTEGER NOT NULL,
	what    TEXT    NOT NULL, -- 'block', 'extend', 'expire', 'lift', 'allow', 'disallow', 'suspend', 'resume', 'drift', 'heal'
	address TEXT,
	until   INTEGER,
	rule    INTEGER,          -- of block, extend, expire, lift
	offence INTEGER,
	text    TEXT              -- who or what lifted or allowed it; the suspended rule; how many entries differed; what was repaired
);

CREATE TABLE IF NOT EXISTS daemon ( -- the daemon's last known state, for status
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
-- Blocks that expired up to this time have their events.
INSERT OR IGNORE INTO daemon VALUES ('expired', strftime('%s', 'now'));

-- These triggers write events, so an event is stored if and only if what it reports is. A replay into a new database writes none.
CREATE TRIGGER IF NOT EXISTS event_block AFTER INSERT ON block WHEN NEW.until > CAST(strftime('%s', 'now') AS INTEGER) BEGIN
	INSERT INTO event (time, what, address, until, rule, offence)
	VALUES (NEW.since, 'block', NEW.address, NEW.until, NEW.rule, NEW.offence);
END;
CREATE TRIGGER IF NOT EXISTS event_extend AFTER UPDATE OF until ON block WHEN NEW.until > OLD.until BEGIN
	INSERT INTO event (time, what, address, until, rule, offence)
	VALUES (CAST(strftime('%s', 'now') AS INTEGER), 'extend', NEW.address, NEW.until, NEW.rule, NEW.offence);
END;
CREATE TRIGGER IF NOT EXISTS event_lift AFTER UPDATE OF ended ON block WHEN OLD.ended IS NULL AND NEW.ended IS NOT NULL BEGIN
	INSERT INTO event (time, what, address, until, rule, offence, text)
	VALUES (NEW.ended, 'lift', NEW.address, NEW.until, NEW.rule, NEW.offence, NEW.ended_by);
END;
CREATE TRIGGER IF NOT EXISTS event_allow AFTER INSERT ON allowance BEGIN
	INSERT INTO event (time, what, address, until, text)
	VALUES (NEW.since, 'allow', NEW.address, NEW.until, NEW.cause || coalesce(': ' || NEW.why, ''));
END;
CREATE TRIGGER IF NOT EXISTS event_disallow AFTER UPDATE OF until ON allowance WHEN NEW.until < OLD.until BEGIN
	INSERT INTO event (time, what, address, until, text) VALUES (NEW.until, 'disallow', NEW.address, NEW.until, NEW.cause);
END;
-- What a person ended on this host, for other hosts; but not when all blocks are ended at once.
CREATE TRIGGER IF NOT EXISTS event_white AFTER INSERT ON claim WHEN NEW.what = 1 AND NEW.peer = '' AND NEW.address <> '::/0' BEGIN
	INSERT INTO event (time, what, address, until) VALUES (NEW.since, 'white', NEW.address, NEW.until);
END;
CREATE TRIGGER IF NOT EXISTS event_suspend AFTER INSERT ON suspension BEGIN
	INSERT INTO event (time, what, text) VALUES (NEW.since, 'suspend', NEW.rule || ': ' || NEW.why);
END;
CREATE TRIGGER IF NOT EXISTS event_resume AFTER UPDATE OF ended ON suspension WHEN OLD.ended IS NULL BEGIN
	INSERT INTO event (time, what, text) VALUES (NEW.ended, 'resume', NEW.rule);
END;
CREATE TRIGGER IF NOT EXISTS event_drift AFTER UPDATE OF value ON daemon
WHEN NEW.key = 'drift' AND NEW.value <> OLD.value AND CAST(NEW.value AS INTEGER) > 0 BEGIN
	INSERT INTO event (time, what, text) VALUES (CAST(strftime('%s', 'now') AS INTEGER), 'drift', NEW.value);
END;
-- "SECONDS TEXT": when the firewall was last repaired, and what was wrong.
INSERT OR IGNORE INTO daemon VALUES ('healed', '');
CREATE TRIGGER IF NOT EXISTS event_heal AFTER UPDATE OF value ON daemon
WHEN NEW.key = 'healed' AND NEW.value <> OLD.value AND NEW.value <> '' BEGIN
	INSERT INTO event (time, what, text)
	VALUES (CAST(NEW.value AS INTEGER), 'heal', substr(NEW.value, instr(NEW.value, ' ') + 1));
END;

-- Active blocks, and why.
CREATE VIEW IF NOT EXISTS active AS
WITH newest (address, hits) AS (
	SELECT address, count(*) FROM hit WHERE id > (SELECT upto FROM indexed) GROUP BY address
)
SELECT b.address,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.since, 'unixepoch') AS since,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.until, 'unixepoch') AS until,
       r.name AS rule, r.reason, r.category, coalesce(a.hits, 0) + coalesce(n.hits, 0) AS hits,
       b.offence, b.knocks, b.since AS since_s, b.until AS until_s, b.id,
       b.packets, CASE WHEN b.packets > 0 THEN nullif(b.bytes, 0) ELSE 0 END AS bytes -- null: the backend does not count bytes
FROM block b JOIN rule r ON r.id = b.rule
LEFT JOIN address a ON a.address = b.address LEFT JOIN newest n ON n.address = b.address
WHERE b.until > CAST(strftime('%s', 'now') AS INTEGER) AND b.ended IS NULL;

-- Every hostile line.
CREATE VIEW IF NOT EXISTS hits AS
SELECT h.id, strftime('%Y-%m-%dT%H:%M:%SZ', h.time, 'unixepoch') AS time, h.address,
       r.name AS rule, r.category, r.reason, h.score, h.detail,
       l.path AS file, h.offset, h.text, h.time AS time_s
FROM hit h JOIN rule r ON r.id = h.rule LEFT JOIN log l ON l.id = h.log;

-- Every block, active or expired.
CREATE VIEW IF NOT EXISTS blocks AS
SELECT b.id, b.address,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.since, 'unixepoch') AS since,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.until, 'unixepoch') AS until,
       b.offence, r.name AS rule, r.category, r.reason, b.knocks,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.over, 'unixepoch') AS ended,
       CASE WHEN b.over IS NOT NULL THEN coalesce(b.ended_by, 'expired') END AS ended_by,
       b.since AS since_s, b.until AS until_s, b.over AS ended_s,
       b.packets, CASE WHEN b.packets > 0 THEN nullif(b.bytes, 0) ELSE 0 END AS bytes -- as in active
FROM (SELECT *, CASE WHEN ended IS NOT NULL THEN ended
                     WHEN until <= CAST(strftime('%s', 'now') AS INTEGER) THEN until END AS over
      FROM block) b
JOIN rule r ON r.id = b.rule;

-- The audit log: manual actions.
CREATE VIEW IF NOT EXISTS acts AS
SELECT id, strftime('%Y-%m-%dT%H:%M:%SZ', time, 'unixepoch') AS time, who, what, address, why, time AS time_s
FROM act;

-- The sums per day and rule, of all time; rule 0: all rules.
CREATE VIEW IF NOT EXISTS sums AS
WITH newest (day, rule, time, address, known) AS (
	SELECT h.time / 86400, h.rule, h.time, h.address,
	       CASE WHEN a.day = h.time / 86400 THEN a.rules END -- the rules by which it was already counted on this day
	FROM hit h LEFT JOIN address a ON a.address = h.address WHERE h.id > (SELECT upto FROM indexed)
), both (day, rule, hits, addresses, blocks, dropped, last, packets, bytes) AS (
	SELECT day, rule, hits, addresses, blocks, dropped, last, packets, bytes FROM daily
	UNION ALL
	SELECT day, rule, count(*),
	       count(DISTINCT CASE WHEN known IS NULL OR instr(known, ',' || rule || ',') = 0 THEN address END), 0, 0, max(time), 0, 0
	FROM newest GROUP BY day, rule
	UNION ALL
	SELECT day, 0, count(*), count(DISTINCT CASE WHEN known IS NULL THEN address END), 0, 0, max(time), 0, 0
	FROM newest GROUP BY day
)
SELECT day, rule, sum(hits) AS hits, sum(addresses) AS addresses, sum(blocks) AS blocks, sum(dropped) AS dropped,
       max(last) AS last, sum(packets) AS packets, sum(bytes) AS bytes
FROM both GROUP BY day, rule;

-- Of all time; an address counts once per day.
CREATE VIEW IF NOT EXISTS by_reason AS
SELECT r.reason, r.name AS rule, r.category, sum(s.hits) AS hits, sum(s.addresses) AS addresses,
       round(100.0 * sum(s.hits) / (SELECT sum(hits) FROM sums WHERE rule = 0), 1) AS percent,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(s.last), 'unixepoch') AS last
FROM sums s JOIN rule r ON r.id = s.rule WHERE s.hits > 0
GROUP BY r.reason, r.name, r.category ORDER BY hits DESC;

-- The same; an address counts once per day and rule.
CREATE VIEW IF NOT EXISTS by_category AS
SELECT r.category, sum(s.hits) AS hits, sum(s.addresses) AS addresses,
       round(100.0 * sum(s.hits) / (SELECT sum(hits) FROM sums WHERE rule = 0), 1) AS percent,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(s.last), 'unixepoch') AS last
FROM sums s JOIN rule r ON r.id = s.rule WHERE s.hits > 0
GROUP BY r.category ORDER BY hits DESC;

CREATE VIEW IF NOT EXISTS by_day AS
SELECT strftime('%Y-%m-%d', day * 86400, 'unixepoch') AS day, hits, addresses, blocks
FROM sums WHERE rule = 0 ORDER BY day;

-- IPv4 by /24, IPv6 by /64. An IPv6 address is first written in full: "::" is replaced by the zero
-- groups missing from eight; the text before the fourth ":" is then the network.
CREATE VIEW IF NOT EXISTS by_network AS
WITH newest (address, hits) AS (
	SELECT address, hits FROM address
	UNION ALL
	SELECT address, count(*) FROM hit WHERE id > (SELECT upto FROM indexed) GROUP BY address
), known (address, hits) AS (
	SELECT address, sum(hits) FROM newest GROUP BY address
), split (address, hits, bare) AS (
	SELECT address, hits, trim(address, ':') FROM known
), long (address, hits, groups) AS MATERIALIZED (
	SELECT address, hits,
	       CASE WHEN address LIKE '%:%'
	            THEN trim(replace(address, '::', substr(':0:0:0:0:0:0:0:0:', 1,
	                 2 * (8 - (length(bare) - length(replace(bare, ':', '')) + (bare <> '')
	                           - (bare LIKE '%::%'))) + 1)), ':')
	       END
	FROM split
), half (address, hits, groups, two) AS MATERIALIZED (
	SELECT address, hits, groups, instr(groups, ':') + instr(substr(groups, instr(groups, ':') + 1), ':') FROM long
), network (hits, network) AS (
	SELECT hits,
	       CASE WHEN groups IS NULL THEN rtrim(address, '0123456789') || '0/24'
	            ELSE substr(groups, 1, two + instr(substr(groups, two + 1), ':')
	                        + instr(substr(groups, two + 1 + instr(substr(groups, two + 1), ':')), ':'))
	                 || ':/64'
	       END
	FROM half
)
SELECT network, sum(hits) AS hits, count(*) AS addresses
FROM network
GROUP BY network ORDER BY hits DESC;
