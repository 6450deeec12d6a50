/*
 * formats: the names of the formats of lists of addresses, one row each: the configuration accepts them as words, and
 * report/export.h says what each is.
 */
#ifndef WFS_BASE_FORMATS_H
#define WFS_BASE_FORMATS_H

#define FORMATS(ROW)                                                                                                   \
	ROW(PLAIN, plain)                                                                                              \
	ROW(CIDR, cidr)                                                                                                \
	ROW(CSV, csv) ROW(JSON, json) ROW(NFT, nft) ROW(IPSET, ipset) ROW(RBLDNSD, rbldnsd) ROW(BIND, bind)

#endif
