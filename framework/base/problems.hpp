// Everything that is wrong with a pipeline, reported at once.
#pragma once

#include "base/failure.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spar::host {

/// `place` is "file#/json/pointer", "file:line:column", or an option of the command line.
struct Problem {
    std::string place;
    std::string message;
};

class PipelineError : public Failure {
  public:
    explicit PipelineError(std::vector<Problem> problems, Exit exit = Exit::pipeline);
    const std::vector<Problem> &problems() const { return problems_; }

  private:
    std::vector<Problem> problems_;
};

/// A JSON pointer extended by one step, with "~" and "/" in the name escaped.
std::string child_pointer(std::string_view pointer, std::string_view name);
std::string child_pointer(std::string_view pointer, std::size_t index);

}  // namespace spar::host
