// The smallest pipeline that uses an optimizer, given the optimizer's node as a literal.
#pragma once

// clang-format off
#define OPTIMIZER_EXAMPLE(node)                                                                   \
    R"({"version":2,"name":"optimizer","seed":1,)" "\n"                                           \
    R"( "data":{"train":{"type":"digits","examples":200},)" "\n"                                  \
    R"(         "test":{"type":"digits","examples":100}},)" "\n"                                  \
    R"( "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},)" \
    "\n" R"( "threat":{"norm":"linf","eps":0.1},)" "\n"                                           \
    R"( "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},)" "\n"              \
    R"(          "optimizer":)" node R"(,"epochs":1,"batch_size":50},)" "\n"                      \
    R"( "evaluate":{"attacks":[{"type":"fgsm"}]}})"
// clang-format on
