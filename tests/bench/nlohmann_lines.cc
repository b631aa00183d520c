// nlohmann_lines FILE: parses each line by nlohmann's parser alone; the peer of JSON Lines in.
#include <cstdio>
#include <fstream>
#include <string>

#include "rare/json.h"

int main(int, char** arguments) {
  std::ifstream file(arguments[1]);
  std::string line;
  unsigned long records = 0;
  while (std::getline(file, line)) records += rare::Json::parse(line).is_object() ? 1 : 0;
  std::printf("%lu\n", records);
}
