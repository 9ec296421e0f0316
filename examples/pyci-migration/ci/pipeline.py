"""The pipeline of this example: compiles every Python file of the commit. Its exit status is the result."""

import os
import subprocess
import sys

branch = os.environ.get("SLUICE_BRANCH", "(by hand)")
print(f"testing {branch}", flush=True)

checked = subprocess.run([sys.executable, "-m", "compileall", "-q", "."])
if checked.returncode != 0:
    sys.exit("some files do not compile")
print("all files compile")
