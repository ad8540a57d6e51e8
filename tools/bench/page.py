#!/usr/bin/env python3
"""All benchmarks in one page: ./dev bench. Each part runs as `./dev bench PART` does and prints Markdown; the page puts them together, with
a plot of what stands beside a peer in the same run.

    page.py OUT_FOLDER PART...      writes OUT_FOLDER/benchmarks.md and OUT_FOLDER/peers.svg
"""
import os, re, subprocess, sys, time

BAR, ROW, LEFT, WIDTH = 14, 42, 250, 900
OURS, PEER = '#2563eb', '#9ca3af'


def machine():
    model = next((line.split(':', 1)[1].strip() for line in open('/proc/cpuinfo') if line.startswith('model name')), 'unknown')
    memory = next(line.split(':', 1)[1].strip() for line in open('/proc/meminfo') if line.startswith('MemTotal'))
    return f'{os.cpu_count()} processors ({model}), {memory} of memory, {os.uname().sysname} {os.uname().release}'


def run(part):
    """What the part printed, and whether it came to its end."""
    start = time.monotonic()
    print(f'{part} ...', file=sys.stderr, flush=True)
    done = subprocess.run(['./dev', 'bench', part], stdout=subprocess.PIPE, text=True)
    print(f'{part}: {time.monotonic() - start:.0f} s, status {done.returncode}', file=sys.stderr, flush=True)
    return done.stdout, done.returncode == 0


def number(text):
    m = re.match(r'\s*([\d,]+(?:\.\d+)?)', text)
    return float(m[1].replace(',', '')) if m else None


def peers(text):
    """(title, ours, peer's name, peer's) of the tables that hold both: rows "plinth X" and "PEER Y" with the same first cell."""
    found, open_row, heading = [], {}, ''
    for line in text.split('\n'):
        heading = line.strip('# ') if line.startswith('#') else heading
        cells = [cell.strip().strip('*') for cell in line.strip().strip('|').split('|')]
        if not line.startswith('|') or len(cells) < 3:
            open_row = {} if not line.startswith('|') else open_row
            continue
        named = re.match(r'(plinth|etcd|nginx)\b *(.*)', cells[1]) or re.match(r'(plinth|etcd|nginx)\b *(.*)', cells[0])
        if not named:
            continue
        first = cells[0] if named.string == cells[1] else ''
        value = number(cells[2] if first else cells[1])
        if named[1] == 'plinth':
            open_row = {'first': first, 'what': named[2], 'value': value}
        elif open_row and open_row['first'] == first and value and open_row['value']:
            found.append((f"{open_row['what'] or heading}{', ' + first + ' clients' if first else ''}", open_row['value'], named[1], value))
    return found


def svg(rows):
    height = ROW * len(rows) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
    room = WIDTH - LEFT - 110
    for i, (title, ours, name, theirs) in enumerate(rows):
        y, most = 20 + ROW * i, max(ours, theirs)
        out.append(f'<text x="{LEFT - 10}" y="{y + BAR + 4}" text-anchor="end">{title}</text>')
        for value, who, colour, top in ((ours, 'plinth', OURS, y), (theirs, name, PEER, y + BAR + 2)):
            length = room * value / most
            out.append(f'<rect x="{LEFT}" y="{top}" width="{length:.0f}" height="{BAR}" fill="{colour}"/>')
            out.append(f'<text x="{LEFT + length + 6:.0f}" y="{top + BAR - 2}">{value:,.0f}/s {who}</text>')
    return '\n'.join(out + ['</svg>', ''])


def main():
    folder, parts = sys.argv[1], sys.argv[2:]
    os.makedirs(folder, exist_ok=True)
    texts, whole = [], True
    for part in parts:
        text, ended = run(part)
        whole = whole and ended
        texts.append((part, text if ended else text + '\nThis part did not come to its end.\n'))
    rows = [row for _, text in texts for row in peers(text)]
    with open(os.path.join(folder, 'peers.svg'), 'w') as out:
        out.write(svg(rows))
    with open(os.path.join(folder, 'benchmarks.md'), 'w') as out:
        version = subprocess.run(['build/release/plinth', 'version'], capture_output=True, text=True).stdout.strip()
        out.write(f'# Benchmarks\n\n{version}; {machine()}; {time.strftime("%Y-%m-%d")}. Each part says how it measured. Peers ran in the same run, on the '
                  'same machine and disk.\n\n![plinth and its peers](peers.svg)\n\n')
        if rows:
            out.write('| | plinth | peer | ratio |\n|---|---|---|---|\n')
            out.writelines(f'| {title} | {ours:,.0f}/s | {name} {theirs:,.0f}/s | {ours / theirs:.2f} |\n' for title, ours, name, theirs in rows)
        for part, text in texts:
            fenced = text if re.search(r'(?m)^#|^\|', text) else '```\n' + text + '```\n'
            out.write(f'\n# {part}\n\n' + re.sub(r'(?m)^# .*\n', '', fenced))
    print(os.path.join(folder, 'benchmarks.md'))
    return 0 if whole else 1


if __name__ == '__main__':
    sys.exit(main())
