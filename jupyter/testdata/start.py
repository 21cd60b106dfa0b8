"""How long the installed kernel takes from its start to its first answers.

    python start.py [RUNS]

Prints the median and the range of seconds until it answers kernel_info, until a cell
has run, and until the model inside has generated a token.
"""

import statistics
import sys
import time

from jupyter_client.manager import KernelManager

CELLS = ["6 * 7", 'm.NewSession().Generate("Once upon a time", engine.GenerateConfig{MaxTokens: 1})']


def once():
    begun = time.perf_counter()
    manager = KernelManager(kernel_name="loupe")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        times = [time.perf_counter() - begun]
        for code in CELLS:
            reply = client.execute_interactive(code, output_hook=lambda msg: None, timeout=60)
            if reply["content"]["status"] != "ok":
                sys.exit(reply["content"])
            times.append(time.perf_counter() - begun)
        return times
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=False)


def main():
    runs = [once() for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5)]
    for name, times in zip(["ready", "first cell", "first token"], zip(*runs)):
        print(f"{name:12} {statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})")


if __name__ == "__main__":
    main()
