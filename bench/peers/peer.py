"""What every peer has in common: one JSON object in on stdin, one out on stdout, with what the work cost."""

import json
import os
import resource
import sys


def serve(work):
    # Libraries print as they like: only the answer may reach the pipe that is read as JSON.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    result = work(json.load(sys.stdin))
    json.dump({"result": result, "usage": usage()}, answer)
    answer.close()


def usage():
    """CPU seconds of all threads, and the peak resident set of this process in bytes."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpuSeconds": spent.ru_utime + spent.ru_stime, "peakRssBytes": peak_rss(spent)}


def peak_rss(spent):
    # On Linux ru_maxrss begins at what the parent held when it forked; VmHWM is this program's own.
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return spent.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
