// Archives as NumPy writes them, for tests.
#pragma once

#include "npz_files.hpp"
#include "python.hpp"

namespace spar::test {

/// The archives that this program of NumPy writes; empty where there is no NumPy.
class Archives {
  public:
    explicit Archives(const std::string &program) : python_(python_with("numpy")) {
        if (!python_) return;
        const std::string script = folder_.write(
            "make.py", "import numpy as np\nr = np.random.RandomState(3)\n" + program);
        const std::string command =
            "cd " + folder_.path().string() + " && " + *python_ + " " + script;
        CHECK(std::system(command.c_str()) == 0);
    }
    explicit operator bool() const { return python_.has_value(); }
    std::string node(const std::string &name, const std::string &more = "") const {
        return npz_node(folder_ / (name + ".npz"), more);
    }

  private:
    Folder folder_;
    decltype(python_with("")) python_;
};

}  // namespace spar::test
