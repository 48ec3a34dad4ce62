// The parameters: initialisers under their own names and in their own layout, and the copies of
// them that operations use where the engine's layout is another one.
#pragma once

#include "file/tensor.hpp"
#include "graph/graph.hpp"
#include "import/value.hpp"

#include <map>

namespace onnx {

class Book {
  public:
    explicit Book(sequential::ParameterList &shown) : shown_(shown) {}

    /// Makes an initialiser known; it is shown once an operation uses it.
    void declare(const std::string &name, const Tensor &tensor) { declared_[name] = &tensor; }
    /// Another parameter with the same first values.
    void declare_again(const std::string &name, const std::string &of);

    /// A parameter of this shape for an operation. If the constant has an origin and is to be
    /// `trained`, its gradient arrives at the initialiser.
    sequential::Parameter &parameter(const Constant &constant, const Shape &shape,
                                     bool trained = true);
    /// An initialiser that operations write to: shown as a buffer; a copy that nobody sees if the
    /// constant is none.
    sequential::Parameter &buffer(const Constant &constant);
    /// One that nobody sees, of equal numbers.
    sequential::Parameter &hidden(const Shape &shape, float value);

    /// Whether some initialiser is used more than once.
    bool ties() const { return ties_; }
    /// From what is shown to the copies.
    void spread();
    /// From the copies' gradients to those of what is shown; the copies' begin anew at zero.
    void collect();

  private:
    struct Copy {
        sequential::Parameter *shown, *copy;
        std::vector<std::int64_t> elements;  // of the copy's values, in what is shown; empty: all
    };

    sequential::Parameter &show(const std::string &name, bool trainable);

    sequential::ParameterList &shown_;
    sequential::ParameterList hidden_;
    std::map<std::string, const Tensor *> declared_;
    std::map<std::string, sequential::Parameter *> by_name_;
    std::vector<Copy> copies_;
    bool ties_ = false;
};

}  // namespace onnx
