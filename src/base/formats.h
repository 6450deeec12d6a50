/*
 * formats: the names of the formats of address lists, one row each. The configuration accepts them as words;
 * report/export.h describes each.
 */
#ifndef WFS_BASE_FORMATS_H
#define WFS_BASE_FORMATS_H

#define FORMATS(ROW)                                                                                                   \
	ROW(PLAIN, plain)                                                                                              \
	ROW(CIDR, cidr)                                                                                                \
	ROW(CSV, csv) ROW(JSON, json) ROW(NFT, nft) ROW(IPSET, ipset) ROW(RBLDNSD, rbldnsd) ROW(BIND, bind)

#endif
