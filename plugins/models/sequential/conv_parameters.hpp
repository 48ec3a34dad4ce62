// The weights and the bias of a convolution as the primitives see them, channels filled up with
// zeros to whole blocks, and their gradient. oneDNN's fast kernels want whole blocks; the reference
// that takes anything is a thousand times slower.
#pragma once

#include "operations.hpp"

namespace sequential {

class ConvParameters {
  public:
    /// `bias` may be null; it is zero to the primitives then.
    ConvParameters(Graph &graph, int input, int output, const LayerSpec &spec, Parameter &weight,
                   Parameter *bias);

    /// Values at the moment, [out][in][kernel][kernel] and [out].
    void refresh();
    const dnnl::memory &weight() const { return weight_memory_; }
    const dnnl::memory &bias() const { return bias_memory_; }

    /// A value of the graph, with whole blocks of channels.
    static dnnl::memory::desc whole(const Value &value);

    /// Writes the gradient of one micro-batch.
    void gradient(Batch &batch) const;
    void deposit(const ParameterGradients &gradients) const;

  private:
    void plan_gradient(Graph &graph, const LayerSpec &spec);

    int input_, output_;
    Parameter &parameter_;
    Parameter *bias_parameter_;
    Shape padded_;
    dnnl::memory weight_memory_, bias_memory_, sum_;
    dnnl::primitive gradient_;
    int weight_slot_ = 0, bias_slot_ = 0;
};

// The ways to run a convolution in our own loops.

/// 3 by 3 with stride 1 and padding of at most 2, between blocked values.
std::unique_ptr<Operation> make_conv3(Graph &graph, int input, int result, const LayerSpec &spec,
                                      Parameter &weight, Parameter *bias,
                                      std::optional<Rectifier> rectifier);
/// From a plain value of few channels to a blocked one.
std::unique_ptr<Operation> make_first_conv(Graph &graph, int input, int result,
                                           const LayerSpec &spec, Parameter &weight,
                                           Parameter *bias, std::optional<Rectifier> rectifier);

}  // namespace sequential
