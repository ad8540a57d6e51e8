#!/usr/bin/env python3
"""Rewrites the rules of time zones that the program has (src/workloads/cronjob/zone_*.inc) from a compiled database. For maintainers.

    zones.py /usr/share/zoneinfo

Each zone has the POSIX rule that its file ends with; zones whose changes from 2026 on follow no such rule also have these changes.
"""
import os, struct, sys, time

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../src/workloads/cronjob')
FIRST = 1767225600  # 2026-01-01


def zone_names(folder):
    for line in open(os.path.join(folder, 'tzdata.zi')):
        fields = line.split()
        if fields and fields[0] == 'Z':
            yield fields[1]
        elif fields and fields[0] == 'L':
            yield fields[2]


def read(path):
    """The POSIX rule, and (moment, offset) of all changes."""
    data = open(path, 'rb').read()

    def counts(at):
        return struct.unpack('>6l', data[at + 20:at + 44])
    utc, std, leap, times, types, chars = counts(0)
    at = 44 + times * 5 + types * 6 + chars + leap * 8 + std + utc
    utc, std, leap, times, types, chars = counts(at)
    at += 44
    moments = struct.unpack(f'>{times}q', data[at:at + 8 * times])
    kinds = data[at + 8 * times:at + 9 * times]
    at += 9 * times
    offsets = [struct.unpack('>l', data[at + 6 * i:at + 6 * i + 4])[0] for i in range(types)]
    at += types * 6 + chars + leap * 12 + std + utc
    rule = data[at:].strip(b'\n').decode()
    return rule, [(moment, offsets[kind]) for moment, kind in zip(moments, kinds)], offsets[0]


def follows(rule, moment, offset):
    """Whether the rule has that offset then."""
    os.environ['TZ'] = rule
    time.tzset()
    return time.localtime(moment).tm_gmtoff == offset


def changes_of(rule, changes, first_offset):
    """The changes from 2026 on up to the last one that the rule does not describe."""
    before = [offset for moment, offset in changes if moment <= FIRST]
    kept = [(FIRST, before[-1] if before else first_offset)]
    for moment, offset in changes:
        if moment > FIRST and offset != kept[-1][1]:
            kept.append((moment, offset))
    while kept:
        moment, offset = kept[-1]
        regular = follows(rule, moment, offset) and (len(kept) == 1 or follows(rule, moment - 1, kept[-2][1]))
        if not regular:
            break
        kept.pop()
    return tuple(kept)


def version_of(folder):
    return open(os.path.join(folder, 'tzdata.zi')).readline().split()[-1]


def main():
    folder = sys.argv[1]
    rules, irregular = [], {}
    for name in sorted(zone_names(folder)):
        rule, changes, first_offset = read(os.path.join(folder, name))
        rules.append(f'    {{"{name}", "{rule}"}},\n')
        listed = changes_of(rule, changes, first_offset)
        if listed:
            irregular.setdefault(listed, []).append(name)
    with open(os.path.join(SOURCE, 'zone_rules.inc'), 'w') as out:
        out.write('// Sorted by name. From the IANA time zone database (public domain): the POSIX rule that holds from 2026 on.\n')
        out.writelines(rules)
    with open(os.path.join(SOURCE, 'zone_changes.inc'), 'w') as out:
        out.write('// The release of the IANA time zone database that these tables were made of.\n'
                  f'constexpr std::string_view kZonesVersion = "{version_of(folder)}";\n'
                  '// Changes of zones that no rule describes: {seconds since the epoch, seconds east of UTC from then on}.\n')
        for i, (listed, names) in enumerate(irregular.items()):
            out.write(f'constexpr ZoneChange kChanges{i}[] = {{  // {", ".join(names)}\n')
            line = '   '
            for moment, offset in listed:
                entry = f' {{{moment}, {offset}}},'
                if len(line) + len(entry) > 118:
                    out.write(line + '\n')
                    line = '   '
                line += entry
            out.write(line + '\n};\n')
        out.write('constexpr IrregularZone kIrregular[] = {\n')
        for name, i in sorted((name, i) for i, names in enumerate(irregular.values()) for name in names):
            out.write(f'    {{"{name}", kChanges{i}}},\n')
        out.write('};\n')


if __name__ == '__main__':
    main()
