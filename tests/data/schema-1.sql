-- The database of version 0.1.0, as its schema.sql made it (PRAGMA user_version = 1): what an update must convert.
--
-- The tables are internal; the views below are stable, for use with sqlite3.
-- Times are Unix seconds UTC. Addresses are text as inet_ntop writes it, "/length" only for networks.
-- Text from logs is stored escaped (no control characters, valid UTF-8), except the lines in table log.
-- Table hit has no index except its rowid: hits are appended by the hundred thousand, and an index on
-- (address, time) makes inserts ten times as slow (measured). A query for an address reads the whole table.

CREATE TABLE log (
	id           INTEGER PRIMARY KEY,
	path         TEXT    NOT NULL,           -- where it was last read
	first_line   BLOB    NOT NULL,           -- the raw first complete line: it identifies a log ...
	last_line    BLOB    NOT NULL,           -- ... and the line that ends at position: it verifies it
	position     INTEGER NOT NULL DEFAULT 0, -- bytes read and counted
	lines        INTEGER NOT NULL DEFAULT 0,
	cut          INTEGER NOT NULL DEFAULT 0, -- lines longer than 8 KiB
	unparsed     INTEGER NOT NULL DEFAULT 0, -- lines without a header
	last_line_at INTEGER                     -- the latest timestamp
);
CREATE INDEX log_first_line ON log (first_line);

CREATE TABLE rule (
	id       INTEGER PRIMARY KEY,
	name     TEXT NOT NULL,
	category TEXT NOT NULL,
	reason   TEXT NOT NULL,
	UNIQUE (name, category, reason)
);

CREATE TABLE hit (
	id      INTEGER PRIMARY KEY,
	time    INTEGER NOT NULL,
	address TEXT    NOT NULL,
	rule    INTEGER NOT NULL REFERENCES rule,
	score   INTEGER NOT NULL,
	ignored INTEGER NOT NULL, -- 1: not counted: address already blocked or allowed, or rule suspended; 0: counted;
	                          -- 2: counted, and caused a block, which used up all earlier hits
	log     INTEGER NOT NULL, -- of table log; 0: no log: a vote, or the answer of a DNS list
	offset  INTEGER NOT NULL, -- of the line's first byte in that log
	detail  TEXT,
	text    TEXT    NOT NULL  -- the line
);

CREATE TABLE block (
	id       INTEGER PRIMARY KEY,
	address  TEXT    NOT NULL,
	since    INTEGER NOT NULL,
	until    INTEGER NOT NULL,
	offence  INTEGER NOT NULL,           -- first, second ... within [block] memory
	rule     INTEGER NOT NULL REFERENCES rule,
	cause    INTEGER NOT NULL DEFAULT 0, -- 0 hits, 1 enough addresses of a network, 2 manual: each ends separately
	proven   INTEGER NOT NULL DEFAULT 0, -- 1: although the address had proven good
	knocks   INTEGER NOT NULL DEFAULT 0, -- how often dropped packets of it were seen
	knocked  INTEGER,                    -- when they were last seen
	ended    INTEGER,                    -- when it was ended early; null: see until
	ended_by TEXT                        -- 'allowed', 'allowed by ZONE' ...; null: active or expired
);
CREATE INDEX block_until ON block (until);

CREATE TABLE act ( -- audit log: manual actions, and who requested them
	id      INTEGER PRIMARY KEY,
	time    INTEGER NOT NULL,
	who     TEXT    NOT NULL, -- 'uid 1000 (alice)', 'token mx2'
	what    TEXT    NOT NULL, -- 'block', 'unblock', 'unblock all', 'allow', 'disallow', 'vote black' ...
	address TEXT,
	why     TEXT
);
CREATE INDEX act_address ON act (address, time);
CREATE INDEX act_time ON act (time);

CREATE TABLE good ( -- evidence for good addresses, per day: deliveries and logins
	day     INTEGER NOT NULL, -- since 1970
	address TEXT    NOT NULL,
	times   INTEGER NOT NULL,
	last    INTEGER NOT NULL,
	PRIMARY KEY (day, address)
) WITHOUT ROWID;

CREATE TABLE credit ( -- the part of it that still offsets hits: of the last window, per second
	time    INTEGER NOT NULL,
	address TEXT    NOT NULL,
	score   INTEGER NOT NULL, -- negative
	PRIMARY KEY (time, address)
) WITHOUT ROWID;

CREATE TABLE allowance ( -- temporarily allowed networks
	id      INTEGER PRIMARY KEY,
	address TEXT    NOT NULL,
	since   INTEGER NOT NULL,
	until   INTEGER NOT NULL,
	cause   TEXT    NOT NULL, -- 'by hand', 'cluster', 'name', 'dns-list' ...
	why     TEXT
);
CREATE INDEX allowance_until ON allowance (until);

CREATE TABLE attempt ( -- recent greylisted attempts: a sender's second earns its network an allowance
	id        INTEGER PRIMARY KEY,
	time      INTEGER NOT NULL,
	address   TEXT    NOT NULL,
	sender    BLOB    NOT NULL, -- as the client sent them
	recipient BLOB    NOT NULL,
	helo      BLOB    NOT NULL
);

CREATE TABLE suspension ( -- rules that blocked too many addresses that had proven good
	id    INTEGER PRIMARY KEY,
	rule  TEXT    NOT NULL, -- its name
	since INTEGER NOT NULL,
	why   TEXT    NOT NULL,
	ended INTEGER           -- when it was resumed; null: still suspended
);

CREATE TABLE daemon ( -- the daemon's last known state, for status
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

-- Active blocks, and why.
CREATE VIEW active AS
WITH running AS (
	SELECT * FROM block
	WHERE until > CAST(strftime('%s', 'now') AS INTEGER) AND ended IS NULL
), counted (address, hits) AS (
	SELECT address, count(*) FROM hit WHERE address IN (SELECT address FROM running) GROUP BY address
)
SELECT b.address,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.since, 'unixepoch') AS since,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.until, 'unixepoch') AS until,
       r.name AS rule, r.reason, r.category, coalesce(c.hits, 0) AS hits,
       b.offence, b.knocks, b.since AS since_s, b.until AS until_s, b.id
FROM running b JOIN rule r ON r.id = b.rule LEFT JOIN counted c ON c.address = b.address;

-- Every hostile line.
CREATE VIEW hits AS
SELECT h.id, strftime('%Y-%m-%dT%H:%M:%SZ', h.time, 'unixepoch') AS time, h.address,
       r.name AS rule, r.category, r.reason, h.score, h.detail,
       l.path AS file, h.offset, h.text, h.time AS time_s
FROM hit h JOIN rule r ON r.id = h.rule LEFT JOIN log l ON l.id = h.log;

-- Every block, active or expired.
CREATE VIEW blocks AS
SELECT b.id, b.address,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.since, 'unixepoch') AS since,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.until, 'unixepoch') AS until,
       b.offence, r.name AS rule, r.category, r.reason, b.knocks,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.over, 'unixepoch') AS ended,
       CASE WHEN b.over IS NOT NULL THEN coalesce(b.ended_by, 'expired') END AS ended_by,
       b.since AS since_s, b.until AS until_s, b.over AS ended_s
FROM (SELECT *, CASE WHEN ended IS NOT NULL THEN ended
                     WHEN until <= CAST(strftime('%s', 'now') AS INTEGER) THEN until END AS over
      FROM block) b
JOIN rule r ON r.id = b.rule;

-- The audit log: manual actions.
CREATE VIEW acts AS
SELECT id, strftime('%Y-%m-%dT%H:%M:%SZ', time, 'unixepoch') AS time, who, what, address, why, time AS time_s
FROM act;

CREATE VIEW by_reason AS
SELECT r.reason, r.name AS rule, r.category, count(*) AS hits, count(DISTINCT h.address) AS addresses,
       round(100.0 * count(*) / (SELECT count(*) FROM hit), 1) AS percent,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(h.time), 'unixepoch') AS last
FROM hit h JOIN rule r ON r.id = h.rule
GROUP BY r.reason, r.name, r.category ORDER BY hits DESC;

CREATE VIEW by_category AS
SELECT r.category, count(*) AS hits, count(DISTINCT h.address) AS addresses,
       round(100.0 * count(*) / (SELECT count(*) FROM hit), 1) AS percent,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(h.time), 'unixepoch') AS last
FROM hit h JOIN rule r ON r.id = h.rule
GROUP BY r.category ORDER BY hits DESC;

CREATE VIEW by_day AS
SELECT strftime('%Y-%m-%d', h.time, 'unixepoch') AS day, count(*) AS hits,
       count(DISTINCT h.address) AS addresses,
       (SELECT count(*) FROM block b
        WHERE strftime('%Y-%m-%d', b.since, 'unixepoch') = strftime('%Y-%m-%d', h.time, 'unixepoch')) AS blocks
FROM hit h
GROUP BY day ORDER BY day;

-- IPv4 by /24, IPv6 by /64. An IPv6 address is first written in full: "::" is replaced by the zero
-- groups missing from eight; the text before the fourth ":" is then the network.
CREATE VIEW by_network AS
WITH split (address, bare) AS (
	SELECT address, trim(address, ':') FROM hit
), long (address, groups) AS (
	SELECT address,
	       CASE WHEN address LIKE '%:%'
	            THEN trim(replace(address, '::', substr(':0:0:0:0:0:0:0:0:', 1,
	                 2 * (8 - (length(bare) - length(replace(bare, ':', '')) + (bare <> '')
	                           - (bare LIKE '%::%'))) + 1)), ':')
	       END
	FROM split
), half (address, groups, two) AS (
	SELECT address, groups, instr(groups, ':') + instr(substr(groups, instr(groups, ':') + 1), ':') FROM long
), network (address, network) AS (
	SELECT address,
	       CASE WHEN groups IS NULL THEN rtrim(address, '0123456789') || '0/24'
	            ELSE substr(groups, 1, two + instr(substr(groups, two + 1), ':')
	                        + instr(substr(groups, two + 1 + instr(substr(groups, two + 1), ':')), ':'))
	                 || ':/64'
	       END
	FROM half
)
SELECT network, count(*) AS hits, count(DISTINCT address) AS addresses
FROM network
GROUP BY network ORDER BY hits DESC;
