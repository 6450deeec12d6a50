"""spfcheck.py PROGRAM SEED N DOMAIN...: do PROGRAM's networks of each domain pass what pyspf passes?

Asks the name server of this namespace, both ways. N addresses a domain: half of them any, the others in and around the
networks. Prints each disagreement; exit status 1 if there is any, 77 without pyspf.
"""
import ipaddress
import json
import random
import subprocess
import sys

try:
    import spf
except ImportError:
    sys.exit(77)

ASK = spf.DNSLookup
KNOWN = {}


def ask(name, qtype, *more, **options):
    """One question to a name server for all addresses."""
    if (name, qtype) not in KNOWN:
        KNOWN[name, qtype] = ASK(name, qtype, *more, **options)
    return KNOWN[name, qtype]


def addresses(nets, count):
    """Inside, at the edges, just outside, and anywhere."""
    for i in range(count):
        if i % 2 == 0 or not nets:
            bits = random.choice((32, 128))
            number = random.getrandbits(bits)
            yield ipaddress.IPv4Address(number) if bits == 32 else ipaddress.IPv6Address(number)
            continue
        net = random.choice(nets)
        first, last = int(net[0]), int(net[-1])
        number = random.choice((first, last, first - 1, last + 1, random.randint(first, last)))
        yield type(net[0])(min(max(number, 1), (1 << net.max_prefixlen) - 1))


def main():
    """Compares."""
    program, seed, count, *domains = sys.argv[1:]
    spf.DNSLookup = ask
    random.seed(int(seed))
    wrong = 0
    for domain in domains:
        printed = subprocess.run([program, "spf", "--json", domain], capture_output=True, text=True, check=False).stdout
        found = json.loads(printed)
        nets = [ipaddress.ip_network(net) for net in found["networks"]]
        for address in addresses(nets, int(count)):
            # A mapped address is IPv4 to pyspf, and to us.
            mapped = getattr(address, "ipv4_mapped", None)
            ours = any((mapped or address) in net for net in nets if net.version == (mapped or address).version)
            theirs = spf.check2(i=str(address), s="someone@" + domain, h="mx." + domain)[0]
            if ours != (theirs == "pass"):
                print(f"{domain}: {address}: we say {ours}, pyspf says {theirs}")
                wrong += 1
        print(f"{domain}: {len(nets)} networks, {count} addresses")
    sys.exit(wrong > 0)


main()
