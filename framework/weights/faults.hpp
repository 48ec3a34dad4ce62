// A list of faults for one message, which has an end.
#pragma once

#include <string>

namespace spar::host {

class Faults {
  public:
    void add(const std::string &fault) {
        constexpr int most = 20;
        if (++count_ <= most) text_ += "\n  " + fault;
        if (count_ == most + 1) text_ += "\n  and more";
    }
    bool none() const { return count_ == 0; }
    /// A line each, the first of which begins a line.
    const std::string &text() const { return text_; }

  private:
    int count_ = 0;
    std::string text_;
};

}  // namespace spar::host
