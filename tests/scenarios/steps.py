"""Steps: commands, and the output that is expected of them. Scenarios and the demo are lists of them.

    $ command            run by bash; may go on with a trailing backslash
    expected output      [..] stands for any text within a line, a line of ... for any number of lines
    ? 1                  expected exit status, when it is not 0
    ~ 20                 run again until it is as expected, for up to 20 seconds
"""
import re

OTHER_LINES = ('requires ', 'option ', 'only ')
MARKS = ('once', 'attached', 'attached soak', 'restarted')


def steps_of(lines, before=0):
    """The steps of lines that follow line `before` of their file."""
    steps = []
    i = 0
    while i < len(lines):
        line = lines[i]
        if line.startswith('$ '):
            command = line[2:]
            while command.endswith('\\') and i + 1 < len(lines):
                i += 1
                command = command[:-1] + '\n' + lines[i]
            step = {'line': before + i + 1, 'command': command, 'expected': [], 'status': 0, 'within': 0}
            steps.append(step)
            # A here-document belongs to the command.
            m = re.search(r"<<'?(\w+)'?", command)
            if m:
                while i + 1 < len(lines):
                    i += 1
                    step['command'] += '\n' + lines[i]
                    if lines[i] == m[1]:
                        break
        elif line.startswith('? ') and steps:
            steps[-1]['status'] = int(line[2:])
        elif re.fullmatch(r'~ \d+', line) and steps:
            steps[-1]['within'] = int(line[2:])
        elif line.startswith('#') or line.startswith(OTHER_LINES) or line in MARKS or not line.strip():
            pass
        elif steps:
            steps[-1]['expected'].append(line)
        i += 1
    return steps


def pattern(line):
    return '.*'.join(re.escape(part) for part in line.split('[..]'))


def matches(expected, actual):
    regex = ''
    for line in expected:
        regex += r'(?:.*\n)*' if line == '...' else pattern(line) + r'[ \t]*\n'
    return re.fullmatch(regex, actual) is not None


def without_empty_lines(output):
    return ''.join(line + '\n' for line in output.split('\n') if line.strip())


def problem_of(step, status, output):
    """None, or in words what is not as expected of an exit status and an output."""
    actual = without_empty_lines(output)
    if status != step['status']:
        return f"exit status {status}, expected {step['status']}; it printed:\n{actual}"
    if step['expected'] and not matches(step['expected'], actual):
        return 'expected:\n' + '\n'.join(step['expected']) + '\ngot:\n' + actual
    return None
