"""The source tree as the architecture tests see it: files, and what they include."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = (".h", ".hpp", ".c", ".cpp")

STANDARD = set(
    """algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv
    chrono cinttypes climits clocale cmath codecvt compare complex concepts condition_variable
    coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cwchar deque
    exception execution filesystem forward_list fstream functional future initializer_list iomanip
    ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex
    new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore
    set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string
    string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version
    stddef.h stdint.h""".split()
)
SYSTEM = {"dirent.h", "fcntl.h", "poll.h", "sys/ioctl.h", "sys/mman.h", "sys/prctl.h", "sys/socket.h",
          "sys/stat.h", "sys/syscall.h", "sys/types.h", "sys/wait.h", "unistd.h"}
PROCESSOR = {"cpuid.h", "immintrin.h", "xmmintrin.h"}


def files(*folders):
    """Sources below the folders, those that git knows or could know."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
        cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:  # an unpacked archive
        names = [str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*")]
    paths = [ROOT / name for name in sorted(set(names))]
    return [path for path in paths if path.suffix in SOURCES and path.is_file()]


def includes(path):
    """(line number, '<' or '"', name) of every include."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            found.append((number, match.group(1), match.group(2)))
    return found


def name(path):
    return str(path.relative_to(ROOT))
