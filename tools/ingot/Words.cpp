// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Words.h"

#include "Failure.h"

#include <cmath>
#include <cstdlib>
#include <sstream>

namespace ingot {

double parseFraction(const std::string &option, const std::string &text) {
  char *rest = nullptr;
  double value = std::strtod(text.c_str(), &rest);
  if (rest != text.c_str() && *rest == '/') {
    char *begin = rest + 1;
    double divisor = std::strtod(begin, &rest);
    value = rest == begin ? NAN : value / divisor;
  }
  if (rest == text.c_str() || *rest || !std::isfinite(value))
    throw Failure(exitBadUsage, option + " " + text, "expected a number like 0.5 or 1/255");
  return value;
}

std::pair<std::string, std::string> parsePair(const std::string &option, const std::string &text) {
  size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
    throw Failure(exitBadUsage, option + " " + text, "expected NAME=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<int64_t> parseNumbers(const std::string &option, const std::string &text) {
  constexpr int64_t most = 1 << 20;
  auto fail = [&] { return Failure(exitBadUsage, option + " " + text, "expected numbers and ranges like 0,5,8-10"); };
  auto number = [&](const std::string &digits) {
    if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos)
      throw fail();
    return std::stoll(digits);
  };
  std::vector<int64_t> numbers;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    size_t dash = word.find('-');
    int64_t first = number(word.substr(0, dash)), last = dash == word.npos ? first : number(word.substr(dash + 1));
    if (last < first || last - first >= most)
      throw fail();
    for (int64_t i = first; i <= last; ++i)
      numbers.push_back(i);
  }
  if (numbers.empty())
    throw fail();
  return numbers;
}

} // namespace ingot
