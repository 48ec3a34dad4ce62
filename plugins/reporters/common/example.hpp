// The smallest pipeline that uses a reporter, given its type as a literal.
#pragma once

// clang-format off
#define REPORTER_EXAMPLE(type)                                                                    \
    R"({"version":2,"name":"report","seed":1,)" "\n"                                              \
    R"( "data":{"train":{"type":"digits","examples":200},)" "\n"                                  \
    R"(         "test":{"type":"digits","examples":100}},)" "\n"                                  \
    R"( "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},)" \
    "\n" R"( "threat":{"norm":"linf","eps":0.1},)" "\n"                                           \
    R"( "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},)" "\n"              \
    R"(          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":50},)" "\n"         \
    R"( "evaluate":{"attacks":[{"type":"fgsm"}]},)" "\n"                                          \
    R"( "report":[{"type":")" type R"("}]})"
// clang-format on
