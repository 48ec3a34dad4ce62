// A network ready to run: values (activations and their gradients), the operations between them in
// order, and where everything lies in memory. All is planned for micro-batches of a fixed width, so
// that an example's numbers never depend on how many examples came with it.
#pragma once

#include "onednn.hpp"
#include "parameters.hpp"

#include <atomic>
#include <cstring>
#include <optional>

namespace sequential {

/// One activation of a micro-batch. Every value is used by one operation only (see Fork).
struct Value {
    Shape shape;              /// of one example, as its layer means it
    dnnl::memory::desc desc;  /// how it lies in memory, micro-batch first
    bool blocked = false;     /// in blocks of channels, else plain
    int storage = -1;         /// the value whose memory it shares; itself if it has its own
    int gradient = -1;        /// likewise for its gradient
    std::size_t offset = 0, gradient_offset = 0;

    std::int64_t size() const { return spar::product(shape); }
    /// Floats from one example to the next.
    std::int64_t stride() const;
    /// Where the value at a plain index of an example lies in the example's memory.
    std::int64_t position(std::int64_t index) const;
};

class Graph;

/// What one micro-batch keeps from its forward pass for its backward pass.
class Frame {
  public:
    explicit Frame(const Graph &graph);
    const dnnl::memory &value(int id) const { return values_[static_cast<std::size_t>(id)]; }
    float *data(int id) const { return static_cast<float *>(value(id).get_data_handle()); }
    /// What an operation reserved with Graph::reserve.
    template <class T>
    T *extra(std::size_t offset) const {
        return reinterpret_cast<T *>(block_.data() + offset);
    }

  private:
    Block block_;
    std::vector<dnnl::memory> values_;
};

/// Gradients of all parameters in the layouts of the primitives that compute them.
class ParameterGradients {
  public:
    explicit ParameterGradients(const Graph &graph);
    const dnnl::memory &slot(int id) const { return slots_[static_cast<std::size_t>(id)]; }
    float *data() const { return reinterpret_cast<float *>(block_.data()); }
    std::int64_t size() const { return static_cast<std::int64_t>(block_.size() / sizeof(float)); }
    void clear() const { std::memset(block_.data(), 0, block_.size()); }

  private:
    Block block_;
    std::vector<dnnl::memory> slots_;
};

/// What one thread needs to run micro-batches: gradients of the values, and scratch memory.
class Workspace {
  public:
    explicit Workspace(const Graph &graph);
    const dnnl::memory &gradient(int id) const { return gradients_[static_cast<std::size_t>(id)]; }
    float *gradient_data(int id) const {
        return static_cast<float *>(gradient(id).get_data_handle());
    }
    float *scratch_data() const { return reinterpret_cast<float *>(scratch_block_.data()); }

    const dnnl::stream stream;
    dnnl::memory scratch;

  private:
    Block block_, scratch_block_;
    std::vector<dnnl::memory> gradients_;
};

/// One micro-batch on its way.
struct Batch {
    std::int64_t first = 0;       /// its first row in the whole batch
    std::int64_t rows = 0;        /// real ones
    std::int64_t frame_rows = 0;  /// the micro-batch; gradients of the rest are zero
    bool training = false;
    std::uint64_t key = 0;
    const std::int64_t *ids = nullptr;  /// of the real rows
    const float *mask = nullptr;        /// likewise: 0 at padding; null: none
    Frame *frame = nullptr;
    Workspace *work = nullptr;
    const ParameterGradients *gradients = nullptr;  /// written, not added to
    const dnnl::memory *stage = nullptr;  /// room for a plain gradient at the first stage's end
};

/// A convolution of few channels that is the whole first stage runs the steps of an attack on it
/// fused: see Kernels::first_conv_step.
class FusedStage {
  public:
    virtual ~FusedStage() = default;
    /// dx of one example from its x; `p` in the layout of the stage's output.
    virtual void step(const float *x, const float *p, float *scratch, float *dx) const = 0;
};

/// One operation of the network.
class Operation {
  public:
    virtual ~Operation() = default;
    virtual void forward(Batch &batch) const = 0;
    /// From the gradient of its output to that of its inputs and of its parameters. The gradient of
    /// the output may be overwritten.
    virtual void backward(Batch &batch, bool input, bool parameters) const = 0;
    virtual bool has_parameters() const { return false; }
    /// Brings values of parameters into the layouts of the primitives.
    virtual void pack() {}
    /// Adds gradients to those of the parameters.
    virtual void deposit(const ParameterGradients &) const {}
    virtual const FusedStage *fused_stage() const { return nullptr; }

    std::vector<int> inputs, outputs;  // values
};

class Graph {
  public:
    Graph(std::int64_t width, const Shape &input);

    // Building. Values are named by their index.
    int add_value(Shape shape, dnnl::memory::desc desc, bool blocked);
    /// A value in the memory of another, in forward and backward pass.
    int add_view(int of, Shape shape, dnnl::memory::desc desc);
    /// Bytes in every frame.
    std::size_t reserve(std::size_t bytes) { return frame_layout_.take(bytes); }
    void reserve_scratch(std::size_t bytes);
    int add_gradient_slot(const dnnl::memory::desc &desc);
    void add(std::unique_ptr<Operation> operation);
    /// Ends the building: plans the memory.
    void finish(int output);

    Shape with_width(const Shape &shape) const;
    const Value &value(int id) const { return values_[static_cast<std::size_t>(id)]; }
    Value &value(int id) { return values_[static_cast<std::size_t>(id)]; }

    std::int64_t width;
    ParameterList parameters;
    std::vector<std::unique_ptr<Operation>> operations;
    int output = 0;
    int stage_end = 0;                  /// value at the end of the first stage
    std::size_t stage_operations = 0;   /// operations up to there
    std::int64_t stage_parameters = 0;  /// parameters up to there

    const std::vector<Value> &values() const { return values_; }
    const std::vector<dnnl::memory::desc> &slots() const { return slots_; }
    std::size_t frame_bytes() const { return frame_layout_.size(); }
    std::size_t workspace_bytes() const { return workspace_bytes_; }
    std::size_t scratch_bytes() const { return scratch_bytes_; }

  private:
    void plan_gradients();

    std::vector<Value> values_;
    std::vector<dnnl::memory::desc> slots_;
    Layout frame_layout_;
    std::size_t scratch_bytes_ = 64, workspace_bytes_ = 0;
};

}  // namespace sequential
