#include "onednn.hpp"

#include "kernels.hpp"

#include <cstring>
#include <new>

// Of libgomp, whose header another compiler may not have.
extern "C" {
int omp_get_max_threads(void);
void omp_set_num_threads(int);
}

namespace sequential {

using dnnl::memory;

const dnnl::engine &cpu() {
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

OneThread::OneThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
}

OneThread::~OneThread() {
    if (before_ != 1) omp_set_num_threads(before_);
}

Block::Block(std::size_t bytes) : size_((bytes + 4095) / 4096 * 4096) {
    if (size_ == 0) return;
    bytes_.reset(static_cast<std::byte *>(std::aligned_alloc(4096, size_)));
    if (!bytes_) throw std::bad_alloc();
    std::memset(bytes_.get(), 0, size_);
}

memory::desc plain_desc(const Shape &dims) {
    memory::dims strides(dims.size());
    std::int64_t stride = 1;
    for (std::size_t i = dims.size(); i-- > 0;) {
        strides[i] = stride;
        stride *= dims[i];
    }
    return {dims, memory::data_type::f32, strides};
}

memory::desc blocked_desc(const Shape &dims) {
    const auto tag =
        kernels().block == 16 ? memory::format_tag::nChw16c : memory::format_tag::nChw8c;
    return {dims, memory::data_type::f32, tag};
}

dnnl::primitive_attr own_scratch() {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
}

void execute(const dnnl::primitive &primitive, const dnnl::stream &stream,
             std::initializer_list<Argument> arguments) {
    dnnl_exec_arg_t list[12];
    int count = 0;
    for (const Argument &argument : arguments)
        if (argument.memory != nullptr) list[count++] = {argument.index, argument.memory->get()};
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive.get(), stream.get(), count, list),
                            "oneDNN could not run a primitive");
}

}  // namespace sequential
