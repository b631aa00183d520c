"""What installed_test.py has, with each of the compilers and with all examples: too slow for the default suite."""

import shutil
import unittest

import installed_test
from installed_test import COMPILERS, EXAMPLES

# What an example links, as pkg-config calls it.
PACKAGES = {"embeddings": ["libcurl"], "sqlite": ["sqlite3"]}
# Pipelines that make what others of the example read.
RUN_FIRST = {"sqlite": ["write.yaml"]}


class CompilersTest(installed_test.InstalledTest):
    left_out = set()

    def test_every_example_is_built_by_one_plain_command_and_its_pipelines_are_sound(self):
        self.environment = dict(self.environment, CHAT_URL="http://127.0.0.1:9/v1",
                                EMBEDDINGS_URL="http://127.0.0.1:9/v1/embeddings")
        for example in self.examples():
            flags = self.plain_flags(*PACKAGES.get(example, []))
            for compiler in COMPILERS:
                with self.subTest(example=example, compiler=compiler):
                    folder = self.work_folder() / example
                    shutil.copytree(EXAMPLES / example, folder)
                    more = "-fno-gnu-unique" if compiler == "g++" else ""
                    # Libraries stand behind what needs them.
                    self.succeed("sh", "-c", f"{compiler} {more} -O1 -o {example}.so {example}.cc {flags}", cwd=folder)
                    for pipeline in RUN_FIRST.get(example, []):
                        self.succeed(self.engine, "run", pipeline, "--plugin-path", folder, cwd=folder)
                    for pipeline in sorted(folder.glob("*.yaml")):
                        self.succeed(self.engine, "validate", pipeline, "--plugin-path", folder, cwd=folder)


if __name__ == "__main__":
    unittest.main()
